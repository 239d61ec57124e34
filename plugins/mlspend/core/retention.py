"""What is kept and for how long: publications, the lines of billing periods, landed deliveries. Decisions only.

A billing period is young while its lines are kept: the current one, by the UTC day, and the months before it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from mlspend.core.deliveries import Partition, Publication
from mlspend.core.periods import period_of, shift_period
from mlspend.core.selection import DeliveryRecord, Key

# Nobody keeps a query open for longer; what nothing published names is deleted after that.
KEEP = timedelta(hours=24)


@dataclass(frozen=True)
class Limits:
    """The oldest billing periods, 'YYYY-MM', that are kept line by line and as sums; no limit on sums: for ever."""

    oldest_lines: str
    oldest_sums: str | None = None

    @classmethod
    def at(cls, now: datetime, *, line_months: int, sum_months: int | None = None) -> "Limits":
        """Return the limits at `now` (UTC). Sums are never kept shorter than lines.

        >>> Limits.at(datetime(2026, 11, 25), line_months=13)
        Limits(oldest_lines='2025-11', oldest_sums=None)
        >>> Limits.at(datetime(2026, 11, 25), line_months=13, sum_months=1)
        Limits(oldest_lines='2025-11', oldest_sums='2025-11')
        """
        current = period_of(now.date())
        sums = None if sum_months is None else shift_period(current, 1 - max(sum_months, line_months))
        return cls(shift_period(current, 1 - line_months), sums)

    def keeps_lines(self, period: str) -> bool:
        """Tell whether the lines of the billing period are kept."""
        return period >= self.oldest_lines

    def keeps_sums(self, period: str) -> bool:
        """Tell whether anything of the billing period is kept."""
        return self.oldest_sums is None or period >= self.oldest_sums


@dataclass(frozen=True)
class Contents:
    """What the next build holds. `rebuilt` and `kept` have their lines, `expired` only their sums.

    `vanished` are published and in the next build no more: no delivery of theirs counts. `forgotten` are published and
    in the next build no more because they are too old even for sums.
    """

    rebuilt: tuple[Partition, ...] = ()
    kept: tuple[Partition, ...] = ()
    expired: tuple[Partition, ...] = ()
    vanished: tuple[Partition, ...] = ()
    forgotten: tuple[Partition, ...] = ()

    @property
    def partitions(self) -> tuple[Partition, ...]:
        """Everything the build holds, by source and billing period."""
        return tuple(sorted((*self.rebuilt, *self.kept, *self.expired), key=_place))


def plan_contents(
    current: Iterable[Partition],
    published: Iterable[Partition],
    limits: Limits,
    *,
    is_same_schema: bool = True,
    is_landed: Mapping[Partition, bool] | None = None,
    held_back: Collection[tuple[str, str]] = (),
) -> Contents:
    """Return what the next build holds, given the deliveries that count now and what is published.

    A version that is not published is built with its lines whatever its age, so that its sums are made once; as soon
    as it is published and too old, its lines go. Where the rules of a partition changed it is rebuilt, if it
    has lines and is young; `is_same_schema` where the tables changed: then all that has lines is, as there may
    be sums that were not made before. `is_landed` tells of which deliveries the landed lines are at hand (default:
    all): a young period that lost its lines gets them back when they were landed again, and of one whose lines are
    gone what is published stays. So it does of sources and periods that are `held_back`, if anything is.
    """
    before = {_place(partition): partition for partition in published}
    wanted = {_place(partition): partition for partition in current if limits.keeps_sums(partition.billing_period)}
    parts: dict[str, list[Partition]] = {"rebuilt": [], "kept": [], "expired": []}
    for place, partition in sorted(wanted.items()):
        known = before.get(place)
        if place in held_back:
            if known is not None:
                has_lines = known.has_lines and limits.keeps_lines(known.billing_period)
                # Without its rules it is built anew as soon as nothing holds it back: its tables are of another schema.
                parts["kept" if has_lines else "expired"].append(known if is_same_schema else replace(known, rules=""))
            continue
        is_at_hand = is_landed is None or is_landed[partition]
        if known is None or known.version != partition.version or (known.has_lines and not is_same_schema):
            fate = "rebuilt"
        elif not limits.keeps_lines(partition.billing_period):
            fate = "expired"
        elif known.has_lines:
            fate = "kept" if known.rules == partition.rules else "rebuilt"
        else:
            fate = "rebuilt" if is_at_hand else "expired"
        if fate == "rebuilt" and not is_at_hand:
            # There is nothing to build it from: what is published of the period stays.
            if known is not None:
                parts["kept" if known.has_lines else "expired"].append(known)
        else:
            parts[fate].append(known if known is not None and fate == "expired" else partition)
    gone = [partition for place, partition in sorted(before.items()) if place not in wanted]
    return Contents(
        rebuilt=tuple(parts["rebuilt"]),
        kept=tuple(parts["kept"]),
        expired=tuple(replace(partition, has_lines=False) for partition in parts["expired"]),
        vanished=tuple(partition for partition in gone if limits.keeps_sums(partition.billing_period)),
        forgotten=tuple(partition for partition in gone if not limits.keeps_sums(partition.billing_period)),
    )


def select_kept(
    publications: Sequence[Publication], *, count: int, now: datetime, keep: timedelta
) -> list[Publication]:
    """Return which of the `publications`, newest first, stay: the newest `count`, and what was replaced since `keep`.

    Whoever opened one that was replaced less than `keep` ago may still be reading its files.
    """
    kept = list(publications[: max(count, 1)])
    return kept + [older for older in replaced_since(publications, now - keep) if older not in kept]


def replaced_since(publications: Sequence[Publication], moment: datetime) -> list[Publication]:
    """Return which of the `publications`, newest first, were replaced after `moment`."""
    return [older for newer, older in pairwise(publications) if newer.published_at > moment]


def find_known_on(published_at: Mapping[str, datetime], moment: datetime) -> str | None:
    """Return the build id of what readers saw at `moment`, None before the first. All times are UTC.

    >>> times = {"b1": datetime(2026, 11, 1), "b2": datetime(2026, 11, 3)}
    >>> find_known_on(times, datetime(2026, 11, 2)), find_known_on(times, datetime(2026, 10, 31))
    ('b1', None)
    """
    seen = [(time, build_id) for build_id, time in published_at.items() if time <= moment]
    return max(seen)[1] if seen else None


def select_removable(
    records: Iterable[DeliveryRecord],
    current: Collection[Key],
    published: Iterable[Partition],
    limits: Limits,
    *,
    now: datetime,
    keep: timedelta = KEEP,
) -> list[DeliveryRecord]:
    """Return the landed deliveries whose landed lines may go. `current` are the deliveries that count now.

    `published` are the partitions of what readers see, and of what they saw until not longer than `keep` ago. The lines
    stay while the delivery counts or is published with its lines, for the time `keep` after it was landed or
    ceased to count, and while another one that stays repeats them. Of what counts those go that are published as sums
    only, or are too old for anything.
    """
    landed = [record for record in records if record.landed_at]
    ceased = _last_needed_at(landed)
    shown: dict[Key, bool] = {}
    for one in published:
        content = (one.x_source, one.billing_period, one.version)
        shown[content] = shown.get(content, False) or one.has_lines
    needed: set[Key] = set()
    for record in landed:
        counts = record.key in current and shown.get(record.content, True) and limits.keeps_sums(record.period)
        is_recent = ceased[record.key] > now - keep
        if not record.lines_removed_at and (counts or shown.get(record.content, False) or is_recent):
            needed |= {record.key, record.content}
    return [record for record in landed if not record.lines_removed_at and record.key not in needed]


def _last_needed_at(landed: Iterable[DeliveryRecord]) -> dict[Key, datetime]:
    """When each delivery was landed or, if later, when one that was made after it was first landed."""
    needed: dict[Key, datetime] = {}
    first_newer: dict[tuple[str, str], datetime] = {}
    for record in sorted(landed, key=lambda one: (one.delivered_at, one.version), reverse=True):
        if record.landed_at is not None:
            place = (record.source, record.period)
            newer = first_newer.get(place, record.landed_at)
            needed[record.key] = max(record.landed_at, newer)
            first_newer[place] = min(newer, record.landed_at)
    return needed


def _place(partition: Partition) -> tuple[str, str]:
    return partition.x_source, partition.billing_period
