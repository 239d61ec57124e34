"""Rhythm, age and level of a source."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlspend.core.freshness import (
    Freshness,
    Level,
    SeenDelivery,
    advise,
    describe,
    judge,
    measure_rhythm,
    parse_age,
)

START = datetime(2026, 11, 1, tzinfo=UTC)
DAY = timedelta(hours=24)


def hour(number: float) -> datetime:
    return START + timedelta(hours=number)


def seen(delivered: float, lag: float = 0, *, failed: bool = False) -> SeenDelivery:
    return SeenDelivery(hour(delivered), hour(delivered + lag), failed)


def judged(
    deliveries: list[SeenDelivery],
    now: float,
    *,
    rhythm: float = 24,
    looked: float | None = None,
    watched: float = 0,
    critical_after: float = 4,
) -> Freshness:
    """Without `looked` the provider announces deliveries: silence is known up to now."""
    return judge(
        "aws",
        deliveries,
        configured_rhythm=timedelta(hours=rhythm),
        watched_since=hour(watched),
        looked_at=hour(now if looked is None else looked),
        critical_after=timedelta(hours=critical_after),
        now=hour(now),
    )


# Level


@pytest.mark.parametrize(
    ("now", "level"),
    [(0, "fresh"), (24, "fresh"), (24.01, "late"), (28, "late"), (28.01, "critical"), (900, "critical")],
)
def test_a_source_is_late_past_its_rhythm_and_critical_four_hours_later(now: float, level: Level) -> None:
    found = judged([seen(0)], now)
    assert (found.level, found.last_delivered_at, found.age) == (level, hour(0), timedelta(hours=now))
    assert found.overdue == timedelta(hours=now - 24)


def test_a_week_of_our_own_outage_is_not_the_providers_silence() -> None:
    before = [seen(24 * day) for day in range(10)]
    missed = [SeenDelivery(hour(24 * day), hour(24 * 17)) for day in range(10, 17)]
    assert judged([*before, *missed], 24 * 17).level == "fresh"
    # The export kept every version, so the gaps are the provider's, not ours.
    assert judged([*before, *missed], 24 * 17).rhythm == DAY


def test_a_provider_who_stopped_is_silent_even_when_it_is_seen_only_now() -> None:
    assert judged([SeenDelivery(hour(0), hour(29))], 29).level == "critical"


def test_a_clock_that_is_ahead_does_not_hide_silence() -> None:
    from_the_future = SeenDelivery(hour(24 * 365), hour(0))
    assert judged([from_the_future], 29).level == "critical"
    assert judged([from_the_future], 29).age == timedelta(hours=29)
    assert judged([from_the_future], 24 * 365).level == "critical"


def test_a_delivery_that_cannot_be_landed_shows_the_rhythm_but_is_not_fresh() -> None:
    found = judged([seen(0), seen(20, failed=True), seen(30, failed=True)], 32, rhythm=6)
    assert (found.level, found.last_delivered_at, found.failed) == ("critical", hour(0), 2)
    assert found.rhythm == timedelta(hours=10)
    only_failed = judged([seen(20, failed=True)], 40)
    assert (only_failed.last_delivered_at, only_failed.age, only_failed.failed) == (None, 40 * DAY / 24, 1)
    assert only_failed.level == "critical"


@pytest.mark.parametrize(("now", "level"), [(24, "fresh"), (28, "late"), (29, "critical")])
def test_a_source_that_never_delivered_counts_from_when_it_was_first_watched(now: float, level: Level) -> None:
    found = judged([], 100 + now, watched=100)
    assert (found.level, found.last_delivered_at, found.since) == (level, None, hour(100))
    assert "nothing was ever delivered" in describe(found)


def test_a_source_nobody_looked_at_yet_gets_a_day_however_short_its_rhythm() -> None:
    never = {
        "configured_rhythm": timedelta(hours=6),
        "watched_since": START,
        "looked_at": None,
        "critical_after": timedelta(hours=4),
    }
    levels = [judge("aws", [], **never, now=hour(now)).level for now in (11, 24, 28, 28.1)]  # type: ignore[arg-type]
    assert levels == ["fresh", "fresh", "late", "critical"]


def test_an_old_month_restated_is_a_delivery_like_any_other() -> None:
    # The ledger's rows carry no period here: a source that restates delivers.
    assert judged([seen(0), seen(40)], 41).level == "fresh"


# A source that is looked at once a day


def looked_at_daily(delivered: list[float], now: float) -> Freshness:
    """Landing looks at six every morning, and finds what was delivered since the day before."""
    looks = [6.0 + 24 * day for day in range(60) if 6.0 + 24 * day <= now]
    found = [
        SeenDelivery(hour(made), hour(look))
        for made in delivered
        for look in [next((each for each in looks if each >= made), None)]
        if look is not None
    ]
    return judged(found, now, looked=looks[-1])


def test_a_daily_look_is_not_mistaken_for_a_silent_provider() -> None:
    """Delivered at seven, seen at six: the newest delivery known is up to 47 hours old, and nothing is wrong."""
    delivered = [7.0 + 24 * day for day in range(20)]
    levels = {looked_at_daily(delivered, now).level for now in range(31, 24 * 19)}
    assert levels == {"fresh"}


@given(st.lists(st.floats(-2, 2), min_size=10, max_size=10))
def test_a_provider_who_is_a_little_early_or_late_is_not_critical(jitter: list[float]) -> None:
    delivered = [6.0 + 24 * day + late for day, late in enumerate(jitter)]
    for now in range(32, 24 * 9):
        assert looked_at_daily(delivered, now).level != "critical"


def test_a_provider_who_stops_is_critical_with_the_first_look_that_can_know() -> None:
    delivered = [7.0, 31.0]
    assert looked_at_daily(delivered, 77.9).level == "fresh"
    assert looked_at_daily(delivered, 78.0).level == "critical"


def test_a_landing_that_does_not_look_any_more_is_critical_too() -> None:
    assert judged([seen(0)], 24 * 5, looked=24 * 5 - 5).level == "critical"
    assert judged([seen(0, 5)], 32, looked=5).level == "late"
    assert judged([seen(0, 5)], 34, looked=5).level == "critical"


# Rhythm


def test_the_rhythm_is_never_shorter_than_configured() -> None:
    hourly = [seen(2 * number) for number in range(40)]
    assert measure_rhythm(hourly) == timedelta(hours=2)
    assert judged(hourly, 78).rhythm == DAY
    assert judged(hourly, 78, rhythm=1).rhythm == timedelta(hours=2)


def test_a_slower_provider_is_learnt_with_its_second_gap() -> None:
    assert judged([seen(0), seen(72)], 75).rhythm == DAY
    assert judged([seen(0), seen(72), seen(145)], 150).rhythm == timedelta(hours=72)


@given(st.integers(2, 80), st.integers(25, 2000), st.data())
def test_one_outage_never_becomes_the_rhythm_and_a_second_does(days: int, outage: int, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, days - 2))
    once = [seen(24 * day + (outage if day > at else 0)) for day in range(days + 1)]
    assert measure_rhythm(once) == DAY
    # Both within the last sixty gaps.
    twice = [*once, seen(24 * days + 2 * outage + 24)]
    assert (measure_rhythm(twice) == timedelta(hours=outage + 24)) == (at >= days - 59)


def test_periods_delivered_together_are_one_delivery() -> None:
    moments = [seen(24 * day + minute / 60) for day in range(8) for minute in (0, 3, 20)]
    assert measure_rhythm(moments) == DAY


def test_a_stream_of_deliveries_close_together_does_not_melt_into_one() -> None:
    assert measure_rhythm([seen(number * 0.75) for number in range(40)]) == timedelta(hours=1.5)


def test_what_lay_there_at_the_first_look_shows_no_rhythm() -> None:
    """An export that overwrites keeps one version of each old month: those stand a month apart."""
    months = [SeenDelivery(hour(-720 * month), hour(1)) for month in range(36)]
    assert measure_rhythm(months) is None
    assert measure_rhythm([*months, seen(24), seen(48)]) == DAY


def test_only_the_last_sixty_gaps_count() -> None:
    slow, fast = [seen(-3000), seen(-2000), seen(-1000)], [seen(24 * day) for day in range(61)]
    assert measure_rhythm([*slow, *fast]) == DAY
    assert measure_rhythm([*slow, *fast[:-1]]) == DAY
    assert measure_rhythm([*slow, *fast[:-2]]) == timedelta(hours=1000)


# Properties

deliveries = st.lists(
    st.builds(seen, st.integers(-2000, 500), st.integers(-50, 100), failed=st.booleans()), max_size=30
)


@given(deliveries, st.integers(0, 600), st.data())
def test_order_and_repetition_of_deliveries_do_not_matter(
    known: list[SeenDelivery], now: int, data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(known))
    again = [each for each in known if not each.has_failed][:3]
    assert judged(shuffled, now) == judged(known, now)
    assert judged([*known, *again], now) == judged(known, now)


@given(deliveries, st.integers(0, 600), st.integers(0, 600), st.integers(0, 600))
def test_time_alone_makes_no_source_fresher(known: list[SeenDelivery], first: int, more: int, looked: int) -> None:
    now, later = judged(known, first, looked=looked), judged(known, first + more, looked=looked)
    assert now.overdue <= later.overdue
    assert ("fresh", "late", "critical").index(now.level) <= ("fresh", "late", "critical").index(later.level)
    announced, silent = judged(known, first), judged(known, first + more)
    assert announced.overdue <= silent.overdue


@given(deliveries, st.integers(0, 600), st.integers(1, 700), st.integers(0, 100), st.integers(0, 20))
def test_a_longer_rhythm_or_more_patience_makes_no_source_more_critical(
    known: list[SeenDelivery], now: int, rhythm: int, longer: int, patience: int
) -> None:
    strict = judged(known, now, rhythm=rhythm)
    assert judged(known, now, rhythm=rhythm + longer).overdue <= strict.overdue
    patient = judged(known, now, rhythm=rhythm, critical_after=4 + patience)
    assert not (patient.level == "critical" and strict.level != "critical")


@given(deliveries, st.integers(0, 600), st.integers(0, 600))
def test_a_look_that_finds_nothing_makes_no_source_older_than_it_is(
    known: list[SeenDelivery], now: int, looked: int
) -> None:
    found = judged([each for each in known if each.seen_at <= hour(now)], now, looked=looked)
    assert found.overdue <= found.age
    assert found.rhythm >= DAY


@given(deliveries, st.integers(0, 600))
def test_a_delivery_of_this_moment_makes_fresh(known: list[SeenDelivery], now: int) -> None:
    found = judged([*known, SeenDelivery(hour(now), hour(now))], now)
    assert found.last_delivered_at is not None
    assert found.last_delivered_at >= hour(now)
    assert found.level == "fresh"


# Words


def test_what_is_said_names_source_last_delivery_age_rhythm_and_what_to_do() -> None:
    found = judged([seen(0)], 31)
    assert describe(found) == (
        "source 'aws': last delivered 1 Nov 2026 00:00 UTC, 31 hours ago, last looked for at 2 Nov 2026 07:00 UTC; "
        "its rhythm is 24 hours, overdue by 7 hours"
    )
    assert "land_billing_aws" in advise(found)
    failed = judged([seen(0), seen(20, failed=True)], 31)
    assert describe(failed).endswith("newer ones that could not be landed: 1")
    assert "why they could not be landed" in advise(failed)


@pytest.mark.parametrize("text", ["", "36", "h", "0h", "-1h", "1.5h", "36 h", "36H", "1w", "1h30m", "9999999d", "３h"])
def test_what_is_no_age_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="90m, 36h or 3d"):
        parse_age(text)
