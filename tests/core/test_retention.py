from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mlspend.core.deliveries import Partition, Publication
from mlspend.core.retention import KEEP, Limits, plan_contents, replaced_since, select_kept, select_removable
from mlspend.core.selection import DeliveryRecord, select_current

NOW = datetime(2026, 11, 25, 6, tzinfo=UTC)
LIMITS = Limits("2026-10", "2026-08")
PERIODS = [f"2026-{month:02d}" for month in range(7, 12)]

partitions = st.builds(
    Partition,
    x_source=st.sampled_from(["aws", "cloud"]),
    billing_period=st.sampled_from(PERIODS),
    version=st.sampled_from("abc"),
)


def by_place(found: list[Partition]) -> list[Partition]:
    return list({(one.x_source, one.billing_period): one for one in found}.values())


one_each = st.lists(partitions, max_size=8).map(by_place)
some_without_lines = st.lists(st.builds(replace, partitions, has_lines=st.booleans()), max_size=8).map(by_place)


def places(found: object) -> set[tuple[str, str]]:
    return {(one.x_source, one.billing_period) for one in found}  # type: ignore[attr-defined]


def ruled_anew(partitions: Iterable[Partition]) -> list[Partition]:
    return [replace(one, rules="changed") for one in partitions]


@given(one_each, some_without_lines, st.booleans())
def test_no_period_that_counts_is_lost_and_no_other_stays(
    current: list[Partition], published: list[Partition], is_attributed_alike: bool
) -> None:
    contents = plan_contents(current if is_attributed_alike else ruled_anew(current), published, LIMITS)
    wanted = {place for place in places(current) if LIMITS.keeps_sums(place[1])}
    assert places(contents.partitions) == wanted
    assert len(contents.partitions) == len(wanted)
    assert places([*contents.vanished, *contents.forgotten]) == places(published) - wanted
    assert all(one.billing_period < "2026-08" for one in contents.forgotten)
    versions = {(one.x_source, one.billing_period, one.version) for one in published}
    for one in contents.expired:
        assert (one.x_source, one.billing_period, one.version) in versions, "sums that nobody has made were promised"
    if is_attributed_alike:
        assert set(contents.kept) <= set(published)


@given(one_each, some_without_lines)
def test_two_builds_settle_it_and_a_third_has_nothing_to_do(
    current: list[Partition], published: list[Partition]
) -> None:
    first = plan_contents(current, published, LIMITS)
    second = plan_contents(current, first.partitions, LIMITS)
    assert not second.rebuilt
    third = plan_contents(current, second.partitions, LIMITS)
    assert (third.rebuilt, third.partitions) == ((), second.partitions)
    assert all(one.has_lines == LIMITS.keeps_lines(one.billing_period) for one in third.partitions)


@given(one_each, some_without_lines)
def test_changed_rules_rebuild_what_is_young_and_has_lines(
    current: list[Partition], published: list[Partition]
) -> None:
    contents = plan_contents(ruled_anew(current), published, LIMITS)
    assert not contents.kept
    assert not any(LIMITS.keeps_lines(one.billing_period) for one in contents.expired)
    nowhere = dict.fromkeys(current, False)
    contents = plan_contents(ruled_anew(current), published, LIMITS, is_landed=nowhere)
    assert not contents.rebuilt, "there is nothing to rebuild it from"
    assert places(contents.partitions) <= places(published)


def test_a_new_schema_rebuilds_whatever_has_lines_however_old() -> None:
    old, gone = Partition("aws", "2026-08", "a"), Partition("aws", "2026-09", "a", has_lines=False)
    current = [old, replace(gone, has_lines=True)]
    contents = plan_contents(current, [old, gone], LIMITS, is_same_schema=False)
    assert (contents.rebuilt, contents.expired) == ((old,), (gone,))


def test_a_young_period_gets_its_lines_back_once_they_are_landed_again() -> None:
    october = Partition("aws", "2026-10", "a")
    sums = [replace(october, has_lines=False)]
    assert plan_contents([october], sums, LIMITS, is_landed={october: False}).expired == tuple(sums)
    assert plan_contents([october], sums, LIMITS, is_landed={october: True}).rebuilt == (october,)


def publication(number: int, hours_ago: int) -> Publication:
    return Publication(f"b{number}", "1.0", "c", NOW - timedelta(hours=hours_ago), (), ())


def test_the_newest_stay_and_what_was_replaced_within_a_day() -> None:
    published = [publication(9 - number, hours) for number, hours in enumerate((1, 23, 24, 90, 91))]
    kept = [each.build_id for each in select_kept(published, count=1, now=NOW, keep=KEEP)]
    assert kept == ["b9", "b8", "b7"], "b7 was replaced 23 hours ago, b6 just 24"
    assert len(select_kept(published, count=4, now=NOW, keep=KEEP)) == 4
    assert len(select_kept(published, count=9, now=NOW, keep=KEEP)) == 5


@given(st.lists(st.integers(0, 200), max_size=30), st.integers(1, 12))
def test_of_older_publications_exactly_the_newest_stay(ages: list[int], count: int) -> None:
    published = [publication(number, hours + 48) for number, hours in enumerate(sorted(ages))]
    assert select_kept(published, count=count, now=NOW, keep=KEEP) == published[:count]


times = st.integers(0, 90).map(lambda hours: NOW - timedelta(hours=hours))
records = st.lists(
    st.builds(
        DeliveryRecord,
        source=st.just("aws"),
        period=st.sampled_from(PERIODS),
        version=st.sampled_from("abcd"),
        delivered_at=times,
        landed_at=st.none() | times,
        lines_removed_at=st.none() | times,
        content_version=st.none() | st.sampled_from("abcd"),
    ),
    max_size=14,
    unique_by=lambda record: record.key,
)


@given(records, some_without_lines)
def test_removing_landed_lines_takes_nothing_that_counts(
    known: list[DeliveryRecord], published: list[Partition]
) -> None:
    held = {(one.x_source, one.billing_period, one.version): one.has_lines for one in published}
    current = select_current(known, held)
    keys = {record.key for record in current.values()}
    removed = select_removable(known, keys, published, LIMITS, now=NOW)
    gone = {record.key for record in removed}
    for record in removed:
        assert held.get(record.content) is not True, "readers have its lines, the rules may change"
        assert record.landed_at <= NOW - KEEP
        is_needed = record.key in keys and LIMITS.keeps_sums(record.period) and record.content not in held
        assert not is_needed
    for record in known:
        if record.landed_at and not record.lines_removed_at and record.key not in gone:
            assert record.content not in gone, "another delivery repeats these lines"
    after = [replace(record, lines_removed_at=NOW) if record.key in gone else record for record in known]
    counting = {place: record.key for place, record in select_current(after, held).items()}
    for place, record in current.items():
        if LIMITS.keeps_sums(place[1]):
            assert counting[place] == record.key
    assert select_removable(after, keys, published, LIMITS, now=NOW) == []


def test_landed_lines_go_a_day_after_a_newer_delivery_came() -> None:
    def record(version: str, hours_ago: int) -> DeliveryRecord:
        made = NOW - timedelta(hours=hours_ago)
        return DeliveryRecord("aws", "2026-11", version, made, made)

    known = [record("a", 80), record("b", 30), record("c", 20)]
    published = [Partition("aws", "2026-11", "c")]
    removed = select_removable(known, {known[2].key}, published, LIMITS, now=NOW)
    assert [each.version for each in removed] == ["a"], "b was superseded 20 hours ago, a 30"
    assert not select_removable(known, {known[2].key}, [Partition("aws", "2026-11", "a")], LIMITS, now=NOW)
    sums_only = [Partition("aws", "2026-11", "c", has_lines=False)]
    later = select_removable(known, {known[2].key}, sums_only, LIMITS, now=NOW + timedelta(days=2))
    assert [each.version for each in later] == ["a", "b", "c"]


def test_of_a_period_whose_lines_are_gone_what_is_published_stays() -> None:
    """A published file from a backup, or a ledger filled again, may not fit what lies in landing/."""
    newer, new = Partition("aws", "2026-11", "b"), Partition("cloud", "2026-11", "a")
    old = Partition("aws", "2026-11", "a")
    gone = {newer: False, new: False}
    for published in (old, replace(old, has_lines=False)):
        contents = plan_contents(ruled_anew(gone), [published], LIMITS, is_landed=gone)
        assert contents.partitions == (published,)
        assert (contents.rebuilt, contents.vanished) == ((), ())
    assert plan_contents(gone, [], LIMITS, is_landed=gone).partitions == ()


def test_landed_lines_of_a_period_whose_lines_went_stay_as_long_as_one_may_think_better_of_it() -> None:
    record = DeliveryRecord("aws", "2026-09", "a", NOW - timedelta(days=50), landed_at=NOW - timedelta(days=50))
    shown = Partition("aws", "2026-09", "a")
    sums = replace(shown, has_lines=False)
    assert select_removable([record], {record.key}, [sums, shown], LIMITS, now=NOW) == []
    assert select_removable([record], {record.key}, [shown, sums], LIMITS, now=NOW) == []
    assert select_removable([record], {record.key}, [sums], LIMITS, now=NOW) == [record]


def test_what_was_replaced_lately_is_told_by_what_replaced_it() -> None:
    times = [NOW, NOW - timedelta(hours=30), NOW - timedelta(hours=50)]
    newest, middle, oldest = (Publication(f"b{n}", "1", "h", time, (), ()) for n, time in enumerate(times))
    assert replaced_since([newest, middle, oldest], NOW - KEEP) == [middle]


@given(one_each, some_without_lines, st.data())
def test_what_is_held_back_stays_as_published_and_changes_nothing_else(
    current: list[Partition], published: list[Partition], data: st.DataObject
) -> None:
    held = data.draw(st.sets(st.sampled_from(sorted(places(current)))) if current else st.just(set()))
    before = {(one.x_source, one.billing_period): one for one in published}
    free, kept_back = (plan_contents(current, published, LIMITS, held_back=each) for each in ((), held))
    assert not held & places(kept_back.rebuilt)
    for one in kept_back.partitions:
        if (one.x_source, one.billing_period) in held:
            assert one.version == before[one.x_source, one.billing_period].version
    assert places(kept_back.partitions) & held == held & places(published) & places(free.partitions)
    assert (kept_back.vanished, kept_back.forgotten) == (free.vanished, free.forgotten)
    others = [[one for one in found.partitions if places([one]).isdisjoint(held)] for found in (free, kept_back)]
    assert others[0] == others[1]


def test_what_a_new_schema_finds_held_back_is_built_anew_as_soon_as_it_is_released() -> None:
    october = Partition("aws", "2026-10", "a", rules="r")
    held = plan_contents([october], [october], LIMITS, is_same_schema=False, held_back=[("aws", "2026-10")])
    assert held.kept == (october,)
    assert plan_contents([october], held.partitions, LIMITS).rebuilt == (october,)
