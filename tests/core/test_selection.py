from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlspend.core.deliveries import Delivery
from mlspend.core.selection import (
    DeliveryRecord,
    Standing,
    describe_standings,
    merge_records,
    select_current,
    select_to_land,
)

START = datetime(2026, 11, 1, tzinfo=UTC)


def hour(number: int) -> datetime:
    return START + timedelta(hours=number)


def record(version: str, made: int, landed: int | None = None, rejected: int | None = None) -> DeliveryRecord:
    return DeliveryRecord(
        "aws",
        "2026-10",
        version,
        hour(made),
        None if landed is None else hour(landed),
        None if rejected is None else hour(rejected),
    )


def delivery(version: str, made: int, period: str = "2026-10") -> Delivery:
    return Delivery("aws", "aws_cur2", period, version, hour(made), ())


hours = st.integers(0, 5).map(hour)
records = st.builds(
    DeliveryRecord,
    source=st.sampled_from(["aws", "focus"]),
    period=st.sampled_from(["2026-09", "2026-10"]),
    version=st.sampled_from("abcd"),
    delivered_at=hours,
    landed_at=st.none() | hours,
    rejected_at=st.none() | hours,
)


@given(st.lists(records, max_size=12), st.data())
def test_any_order_and_any_repetition_end_the_same(known: list[DeliveryRecord], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(known + data.draw(st.lists(st.sampled_from(known)) if known else st.just([]))))
    assert merge_records(shuffled) == merge_records(known)
    assert select_current(shuffled) == select_current(known)
    assert describe_standings(shuffled) == describe_standings(known)


@given(st.lists(records, max_size=12))
def test_per_source_and_period_exactly_the_newest_landed_counts(known: list[DeliveryRecord]) -> None:
    current = select_current(known)
    status = describe_standings(known)
    landed = [one for one in merge_records(known).values() if one.landed_at]
    assert {(one.source, one.period) for one in landed} == set(current)
    for place, chosen in current.items():
        assert chosen.landed_at is not None
        rivals = [one for one in landed if (one.source, one.period) == place]
        assert all((one.delivered_at, one.version) <= (chosen.delivered_at, chosen.version) for one in rivals)
        assert [key for key, one in status.items() if one.status == "landed" and key[:2] == place] == [chosen.key]


@given(st.lists(records, max_size=12), st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 5)), max_size=6))
def test_landing_what_is_wanted_leaves_nothing_wanted(
    known: list[DeliveryRecord], lying: list[tuple[str, int]]
) -> None:
    found = [delivery(version, made) for version, made in lying]
    wanted = select_to_land(found, known)
    assert len(wanted) <= 1
    landed = [DeliveryRecord(one.source, one.period, one.version, one.delivered_at, hour(9)) for one in wanted]
    assert select_to_land(found, known + landed) == []


def test_a_newer_delivery_supersedes_and_an_older_late_one_is_ignored() -> None:
    first, second = record("a", made=1, landed=1), record("b", made=2, landed=2)
    late, waiting = record("c", made=0, landed=3), record("d", made=9)
    known = [first, second, late, waiting, record("e", made=0), record("f", made=9, rejected=9)]
    assert {key[2]: one.status for key, one in describe_standings(known).items()} == {
        "a": "superseded",
        "b": "landed",
        "c": "ignored",
        "d": "seen",
        "e": "ignored",
        "f": "rejected",
    }


def test_content_that_comes_back_counts_again() -> None:
    known = [record("a", made=1, landed=1), record("b", made=2, landed=2), record("a", made=3)]
    assert select_current(known)["aws", "2026-10"].version == "a"


def test_a_rejected_delivery_that_is_landed_later_counts() -> None:
    known = [record("a", made=1, rejected=1), record("a", made=1, landed=2)]
    assert [one.status for one in describe_standings(known).values()] == ["landed"]


def test_only_the_newest_of_each_period_is_landed_oldest_period_first() -> None:
    found = [delivery("a", 1), delivery("b", 2), delivery("c", 1, "2026-09"), delivery("b", 2)]
    assert [one.version for one in select_to_land(found, [])] == ["c", "b"]
    assert [one.version for one in select_to_land(found, [record("b", made=2, landed=5)])] == ["c"]
    assert [one.version for one in select_to_land(found, [record("z", made=3, landed=5)])] == ["c"]


# What a source's location shows over time: deliveries come, stay or go again, in any order and as often as they like.
arrivals = st.lists(
    st.lists(st.tuples(st.sampled_from(["2026-09", "2026-10", "2026-11"]), st.integers(0, 4)), max_size=5), max_size=8
)


@settings(max_examples=3000)
@given(arrivals, st.data())
def test_any_interleaving_of_arrivals_and_landings_ends_as_landing_the_newest_of_each_once(
    looks: list[list[tuple[str, int]]], data: st.DataObject
) -> None:
    known: list[DeliveryRecord] = []
    seen = {}
    for now, look in enumerate(looks):
        found = [delivery(f"v{made}", made, period) for period, made in look]
        seen.update({(one.period, one.version): one for one in found})
        known += [DeliveryRecord("aws", one.period, one.version, one.delivered_at) for one in found]
        for one in select_to_land(found, known):
            # The process may die before a landing is recorded; the next look finds the same again.
            if data.draw(st.booleans()):
                known.append(DeliveryRecord("aws", one.period, one.version, one.delivered_at, hour(now)))
    for one in select_to_land(list(seen.values()), known):
        known.append(DeliveryRecord("aws", one.period, one.version, one.delivered_at, hour(99)))
    newest = {("aws", one.period): one.version for one in sorted(seen.values(), key=lambda one: one.delivered_at)}
    assert {place: one.version for place, one in select_current(known).items()} == newest
    assert select_to_land(list(seen.values()), known) == []


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, Standing("landed", "waits for the next build")),
        ({"built_at": hour(2)}, Standing("built", "waits to be proved and published")),
        ({"built_at": hour(2), "version": "p"}, Standing("published")),
        ({"content_version": "p"}, Standing("published", "the same lines as p")),
        ({"shadow_of": "focus"}, Standing("ignored", "source 'focus' holds the same accounts and is preferred")),
        ({"landed_at": None}, Standing("seen", "waits to be landed")),
        ({"landed_at": None, "failure": "busy"}, Standing("seen", "to be tried again: busy")),
        ({"landed_at": None, "failure": "torn", "rejected_at": hour(3)}, Standing("rejected", "torn")),
    ],
)
def test_a_delivery_tells_how_far_it_has_come_and_why_not_further(facts: dict, expected: Standing) -> None:
    one = DeliveryRecord(
        **{"source": "aws", "period": "2026-10", "version": "v", "delivered_at": hour(1), "landed_at": hour(1)} | facts
    )
    assert describe_standings([one], {("aws", "2026-10", "p")}) == {one.key: expected}


def test_the_reason_names_the_delivery_that_counts_instead() -> None:
    first, second, never = record("a", made=1, landed=1), record("b", made=2, landed=2), record("c", made=0)
    reasons = {key[2]: one.reason for key, one in describe_standings([first, second, never]).items()}
    assert reasons["a"] == "replaced by b of 2026-11-01 02:00:00"
    assert reasons["c"] == "older than b of 2026-11-01 02:00:00, which is landed"
