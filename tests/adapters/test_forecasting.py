"""What is expected of the rest of a month: from series whose answer is plain, and the band from past misses."""

import random
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlspend.adapters.forecasting import LEAST_BACKTESTS, USUAL_WIDTH, expect, forecast_all, width

WEEK = [10.0, 10, 10, 10, 10, 3, 1]
MONDAY = date(2026, 6, 1)


def history(daily_costs: Sequence[float], name: str = "one", first: date = MONDAY) -> dict[str, Any]:
    return {
        "scope": "project",
        "scope_name": name,
        "billing_currency": "USD",
        "is_converted": False,
        "first_date": first,
        "daily_costs": list(daily_costs),
    }


def origin(as_of: date, end: date, *, is_backtest: bool = False) -> dict[str, Any]:
    return {"as_of_date": as_of, "month": f"{end:%Y-%m}", "month_end": end, "is_backtest": is_backtest}


@pytest.mark.parametrize("days_known", [14, 15, 20, 21, 83, 84, 200])
def test_what_never_changes_is_expected_to_go_on(days_known: int) -> None:
    assert expect([7.25] * days_known, 17).cost == pytest.approx(17 * 7.25)


@pytest.mark.parametrize("days_known", [14, 17, 84, 100])
@pytest.mark.parametrize("days", [1, 6, 7, 23])
def test_a_week_is_expected_to_look_like_the_weeks_before(days_known: int, days: int) -> None:
    series = [WEEK[day % 7] for day in range(days_known + days)]
    assert expect(series[:days_known], days).cost == pytest.approx(sum(series[days_known:]))


@pytest.mark.parametrize("spike_days_ago", [0, 1, 8, 30])
def test_one_spike_is_not_expected_again(spike_days_ago: int) -> None:
    calm = [WEEK[day % 7] for day in range(70)]
    spiked = list(calm)
    spiked[-1 - spike_days_ago] += 500
    # 12 days cost 86; a spike of 500 that counted in full would move that by hundreds.
    assert expect(spiked, 12).cost == pytest.approx(expect(calm, 12).cost, rel=0.02)
    assert expect(spiked, 12).spread > 5 * expect(calm, 12).spread


def test_what_bursts_every_few_days_is_expected_to_go_on_bursting() -> None:
    bursts = [100.0 if day % 9 == 0 else 0.0 for day in range(81)]
    # 300, if every burst of the past counted alike; with the bursts taken for spikes nothing would be left.
    assert 150 < expect(bursts, 27).cost < 400


def test_a_new_level_is_followed_within_weeks() -> None:
    doubled = [10.0] * 56 + [20.0] * 21
    assert 17 * 10 < expect(doubled, 10).cost <= 200


def test_growth_moves_what_is_expected_above_the_mean_of_the_past() -> None:
    growing = [100 * 1.01**day for day in range(84)]
    assert sum(growing) / 84 * 10 < expect(growing, 10).cost < sum(growing[-10:]) * 1.1


def test_more_days_are_less_certain() -> None:
    generator = random.Random(1)
    noisy = [100 + generator.gauss(0, 10) for _ in range(84)]
    spreads = [expect(noisy, days).spread for days in (1, 5, 20, 31)]
    assert spreads == sorted(spreads)
    # One day's own spread is 10; four weeks of independent days would spread by 10 times the root of 28, 53.
    assert 7 < spreads[0] < 13
    assert expect(noisy, 28).spread > 53 * 0.8


def test_credits_may_make_it_negative_and_nothing_else_does() -> None:
    assert expect([-5.0] * 28, 4).cost == pytest.approx(-20)
    assert expect([100.0] * 60 + [0.0] * 24, 10).cost >= 0


def test_thirteen_days_are_not_enough() -> None:
    end = date(2026, 6, 30)
    enough = history([1.0] * 14)
    (row,) = forecast_all([enough], [origin(MONDAY + timedelta(13), end)])
    assert row["rest_cost"] == "16.000000"
    (row,) = forecast_all([enough], [origin(MONDAY + timedelta(12), end)])
    assert row["reason"] == "only 13 complete days are known, and 14 are needed"
    assert "rest_cost" not in row


def test_nothing_is_left_of_a_month_that_is_over() -> None:
    last = date(2026, 6, 30)
    assert forecast_all([history([1.0] * 30)], [origin(last, last)]) == []
    (row,) = forecast_all([history([1.0] * 30)], [origin(last, last), origin(last, date(2026, 7, 31))])
    assert (row["month"], row["as_of_date"], row["rest_cost"]) == ("2026-07", "2026-06-30", "31.000000")


def test_the_band_is_as_wide_as_past_misses_were() -> None:
    assert width([1.0] * (LEAST_BACKTESTS - 1)) == USUAL_WIDTH
    # Of 1 to 39, 32 are within 32: four fifths of one more than there are.
    assert width([float(miss) for miss in range(39, 0, -1)]) == 32


def test_a_past_band_knows_nothing_of_its_own_month() -> None:
    """Twelve projects that jump in August: the band for August is as if they had not, the next one has learnt."""
    generator = random.Random(2)
    projects = [
        history(
            [generator.gauss(100, 5) for _ in range(61)] + [generator.gauss(200, 5) for _ in range(31)], f"project-{at}"
        )
        for at in range(12)
    ]
    july = [origin(date(2026, 7, day), date(2026, 7, 31), is_backtest=True) for day in (14, 18, 21)]
    august = [origin(date(2026, 8, day), date(2026, 8, 31), is_backtest=True) for day in (4, 7)]
    now = [origin(date(2026, 8, 31), date(2026, 9, 30))]

    def band(rows: list[dict[str, Any]], month: str) -> float:
        return next(
            float(row["rest_high_cost"]) - float(row["rest_cost"])
            for row in rows
            if (row["scope_name"], row["month"]) == ("project-1", month)
        )

    learnt, blind = forecast_all(projects, july + august + now), forecast_all(projects, july + august[:1] + now)
    calm = forecast_all(projects, july + now)
    assert band(learnt, "2026-08") == band(blind, "2026-08")
    assert band(learnt, "2026-09") > 2 * band(calm, "2026-09")


@given(
    projects=st.lists(
        st.lists(st.decimals(0, 10_000, places=2).map(float), min_size=61, max_size=61), min_size=1, max_size=4
    ),
    as_of=st.dates(date(2026, 6, 1), date(2026, 7, 30)),
)
@settings(max_examples=40, deadline=None)
def test_the_band_holds_the_forecast_and_costs_do_not_turn_negative(projects: list[list[float]], as_of: date) -> None:
    end = date(2026, 6, 30) if as_of < date(2026, 6, 30) else date(2026, 7, 31)
    histories = [history(costs, f"project-{at}") for at, costs in enumerate(projects)]
    origins = [origin(date(2026, 6, 16), date(2026, 6, 30), is_backtest=True), origin(as_of, end)]
    rows = forecast_all(histories, origins)
    assert len([row for row in rows if row["as_of_date"] == str(as_of)]) >= len(histories)
    for row in rows:
        if "reason" not in row:
            assert 0 <= float(row["rest_low_cost"]) <= float(row["rest_cost"]) <= float(row["rest_high_cost"])
    # The order in which a database returns histories and origins is nothing to go by.
    assert sorted(map(str, forecast_all(histories[::-1], origins[::-1]))) == sorted(map(str, rows))


def test_only_the_costliest_are_tested_on_the_past(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlspend.adapters.forecasting.MOST_BACKTESTED", 1)
    monkeypatch.setattr("mlspend.adapters.forecasting.MOST_FORECAST", 2)
    histories = [history([cost] * 60, name) for name, cost in (("small", 1.0), ("large", 9.0), ("middle", 5.0))]
    past, now = (
        origin(date(2026, 6, 20), date(2026, 6, 30), is_backtest=True),
        origin(MONDAY + timedelta(59), date(2026, 7, 31)),
    )
    found = {(row["scope_name"], row["month"]): row.get("reason") for row in forecast_all(histories, [past, now])}
    assert found == {
        ("large", "2026-06"): None,
        ("large", "2026-07"): None,
        ("middle", "2026-07"): None,
        ("small", "2026-07"): "it is not among the 2 costliest, for which forecasts are made",
    }
