"""The statistic in SQL and its p values are those of scipy, to the last digits, whatever ties there are."""

from collections import Counter

import duckdb
import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from expectations.ks import PERCENTILES, corrected, p_value, statistics_query

# Few different amounts make ties within and between the samples; zero and credits are amounts too.
AMOUNTS = st.one_of(st.sampled_from([0.0, 0.1, 0.25, 0.5, 1.0]), st.integers(-(10**9), 10**9).map(lambda n: n / 10**6))
SAMPLES = st.lists(AMOUNTS, min_size=1, max_size=40)


def measured(now: list[float], before: list[float]) -> dict[str, float]:
    """What the query says of two samples; a third of another group stands beside them."""
    counts = Counter(now), Counter(before)
    counted = [(cost, *(each[cost] for each in counts)) for cost in {*now, *before}]
    with duckdb.connect() as connection:
        connection.execute("create table counts (place varchar, cost double, now_count bigint, before_count bigint)")
        connection.execute("insert into counts values ('elsewhere', 7, 3, 0), ('elsewhere', 9, 0, 5)")
        columns = [list(column) for column in zip(*counted, strict=True)]
        connection.execute("insert into counts select 'here', unnest(?), unnest(?), unnest(?)", columns)
        query = statistics_query("from counts", ["place"])
        answer = connection.execute(f"from ({query}) where place = 'here'")
        names = [column[0] for column in answer.description or []]
        return dict(zip(names, answer.fetchone() or (), strict=True))


@settings(max_examples=60, deadline=None)
@given(SAMPLES, SAMPLES)
def test_statistic_and_p_value_are_scipys(now: list[float], before: list[float]) -> None:
    found = measured(now, before)
    expected = stats.ks_2samp(now, before)
    assert found["statistic"] == pytest.approx(expected.statistic, abs=1e-12)
    sizes = (found["now_lines"], found["before_lines"], found["now_at"], found["before_at"])
    assert p_value(*map(int, sizes)) == pytest.approx(expected.pvalue, abs=1e-9)
    assert found["distance"] == pytest.approx(stats.wasserstein_distance(now, before), rel=1e-9, abs=1e-9)
    for each in PERCENTILES:
        for side, sample in (("now", now), ("before", before)):
            lower = numpy.percentile(sample, each, method="inverted_cdf")
            assert found[f"{side}_p{each}"] == lower


@pytest.mark.parametrize(("now_size", "before_size"), [(2_500, 10_000), (2_600, 10_001), (30_000, 120_000)])
def test_p_values_of_large_samples_are_scipys(now_size: int, before_size: int) -> None:
    chance = numpy.random.default_rng(5)
    now = chance.lognormal(size=now_size).round(2)
    before = chance.lognormal(0.02, size=before_size).round(2)
    expected = stats.ks_2samp(now, before)
    found = measured(now.tolist(), before.tolist())
    assert found["statistic"] == pytest.approx(expected.statistic, abs=1e-12)
    sizes = (found["now_lines"], found["before_lines"], found["now_at"], found["before_at"])
    assert p_value(*map(int, sizes)) == pytest.approx(expected.pvalue, abs=1e-9)
    assert 0 < expected.pvalue < 1


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 1), max_size=30))
def test_p_values_are_corrected_as_benjamini_and_hochberg_wrote(p_values: list[float]) -> None:
    count = len(p_values)
    falling = sorted(range(count), key=lambda at: p_values[at], reverse=True)
    expected, least = [0.0] * count, 1.0
    for passed, at in enumerate(falling):
        least = min(least, p_values[at] * count / (count - passed))
        expected[at] = least
    assert corrected(p_values) == pytest.approx(expected, abs=1e-12)


def test_only_from_165_values_a_side_on_is_a_statistic_of_015_rare_by_itself() -> None:
    chance = numpy.random.default_rng(11)

    def share_beyond(size: int) -> float:
        pairs = chance.lognormal(size=(400, 2, size))
        return sum(stats.ks_2samp(now, before).statistic > 0.15 for now, before in pairs) / len(pairs)

    assert share_beyond(30) > 0.5
    assert share_beyond(165) < 0.1
