from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mlspend.core.deliveries import Delivery
from mlspend.core.selection import (
    DeliveryRecord,
    describe_statuses,
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
    assert describe_statuses(shuffled) == describe_statuses(known)


@given(st.lists(records, max_size=12))
def test_per_source_and_period_exactly_the_newest_landed_counts(known: list[DeliveryRecord]) -> None:
    current = select_current(known)
    status = describe_statuses(known)
    landed = [one for one in merge_records(known).values() if one.landed_at]
    assert {(one.source, one.period) for one in landed} == set(current)
    for place, chosen in current.items():
        assert chosen.landed_at is not None
        rivals = [one for one in landed if (one.source, one.period) == place]
        assert all((one.delivered_at, one.version) <= (chosen.delivered_at, chosen.version) for one in rivals)
        assert [key for key, word in status.items() if word == "landed" and key[:2] == place] == [chosen.key]


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
    assert {key[2]: word for key, word in describe_statuses(known).items()} == {
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
    assert set(describe_statuses(known).values()) == {"landed"}


def test_only_the_newest_of_each_period_is_landed_oldest_period_first() -> None:
    found = [delivery("a", 1), delivery("b", 2), delivery("c", 1, "2026-09"), delivery("b", 2)]
    assert [one.version for one in select_to_land(found, [])] == ["c", "b"]
    assert [one.version for one in select_to_land(found, [record("b", made=2, landed=5)])] == ["c"]
    assert [one.version for one in select_to_land(found, [record("z", made=3, landed=5)])] == ["c"]
