"""How fresh a source is: whether it still delivers in its rhythm.

A source's *rhythm* is the larger of the configured one and what its last deliveries show. Past it a source is late,
hours past it critical. Providers promise no hour, so what counts is measured, never read from a timetable.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Literal

from mlspend.core import wording

Level = Literal["fresh", "late", "critical"]

# An export delivers several billing periods within minutes. A rhythm is told in whole hours, so nothing finer is lost.
_ONE_MOMENT = timedelta(hours=1)
# Two months of a daily export: it follows a provider who changes pace, and outlives a long weekend.
_GAPS = 60
# Without events a source is looked at once a day: that nobody looked for less than that says nothing.
_LOOKED_EVERY = timedelta(hours=24)
_AGE = re.compile(r"([1-9]\d{0,5})([mhd])")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


@dataclass(frozen=True)
class SeenDelivery:
    """One version of one billing period as the ledger knows it; `has_failed` where it could not be landed."""

    delivered_at: datetime
    seen_at: datetime
    has_failed: bool = False

    @property
    def made_at(self) -> datetime:
        """When the provider delivered: never later than it was first seen here, whatever its clock says."""
        return min(self.delivered_at, self.seen_at)


@dataclass(frozen=True)
class Freshness:
    """How a source stands at one moment. `overdue` is how far past its rhythm it is, negative within it.

    `last_delivered_at` is of the newest delivery that did not fail to land; None: nothing was ever delivered.
    `since` is what the age is counted from: the last delivery, else when the source was first watched.
    `failed` counts the newer deliveries that could not be landed.
    """

    source: str
    last_delivered_at: datetime | None
    since: datetime
    looked_at: datetime | None
    age: timedelta
    rhythm: timedelta
    overdue: timedelta
    level: Level
    failed: int = 0


def judge(
    source: str,
    deliveries: Iterable[SeenDelivery],
    *,
    configured_rhythm: timedelta,
    watched_since: datetime,
    looked_at: datetime | None,
    critical_after: timedelta,
    now: datetime,
) -> Freshness:
    """Return how `source` stands at `now`; the order of its deliveries does not matter.

    `looked_at` is up to when it is known that nothing else was delivered: the last look at everything that lies there,
    or `now` where the provider announces deliveries. Silence after that is not the provider's, yet nobody's look for
    longer than the rhythm (at least a day) is a fault too. A delivery that cannot be landed makes no source fresh.
    """
    seen = list(deliveries)
    rhythm = max(configured_rhythm, measure_rhythm(seen) or configured_rhythm)
    last = max((each.made_at for each in seen if not each.has_failed), default=None)
    since = last or watched_since
    looks = [each for each in (looked_at, *(one.seen_at for one in seen)) if each]
    looked_at = min(now, max(looks)) if looks else None
    unseen = now - (looked_at or since) - max(rhythm, _LOOKED_EVERY)
    overdue = max((looked_at or since) - since - rhythm, unseen)
    return Freshness(
        source=source,
        last_delivered_at=last,
        since=since,
        looked_at=looked_at,
        age=now - since,
        rhythm=rhythm,
        overdue=overdue,
        level="critical" if overdue > critical_after else "late" if overdue > timedelta() else "fresh",
        failed=sum(each.has_failed and (last is None or each.made_at > last) for each in seen),
    )


def measure_rhythm(deliveries: Sequence[SeenDelivery]) -> timedelta | None:
    """Return the p99 of the last 60 gaps between deliveries, None where there are not two yet.

    Deliveries within an hour are one. Every version counts once, of whatever billing period, landed or not. What
    lay there when the source was first seen counts as one: of old months an export keeps only the last version, and
    the time between those is not its rhythm.
    """
    if not deliveries:
        return None
    first_seen = min(each.seen_at for each in deliveries)
    times = sorted({each.made_at for each in deliveries})
    watched = [made_at for made_at in times if made_at > first_seen]
    moments = times[len(times) - len(watched) - 1 :][:1]
    for made_at in watched:
        if made_at - moments[-1] >= _ONE_MOMENT:
            moments.append(made_at)
    return percentile_99([later - earlier for earlier, later in pairwise(moments)][-_GAPS:])


def percentile_99(gaps: Sequence[timedelta]) -> timedelta | None:
    """Return the p99, the lower of the two gaps it falls between; None of fewer than two gaps.

    Of up to a hundred gaps that is the second longest: an outage does not become the rhythm until it has happened
    twice. Interpolation would take one of ten days for four, the higher of the two gaps for ten.

    >>> percentile_99([timedelta(hours=24)] * 59 + [timedelta(hours=240)])
    datetime.timedelta(days=1)
    >>> percentile_99([timedelta(hours=72), timedelta(hours=71)]), percentile_99([timedelta(hours=72)])
    (datetime.timedelta(days=2, seconds=82800), None)
    """
    if len(gaps) < 2:  # one may be an outage
        return None
    return sorted(gaps)[99 * (len(gaps) - 1) // 100]


def describe(freshness: Freshness) -> str:
    """Return what is known of a source's deliveries as one sentence without its end."""
    rhythm = wording.span(freshness.rhythm)
    late = f", overdue by {wording.span(freshness.overdue)}" if freshness.level != "fresh" else ""
    failed = f"; newer ones that could not be landed: {freshness.failed}" if freshness.failed else ""
    if freshness.last_delivered_at is None:
        return (
            f"source {freshness.source!r}: nothing was ever delivered; it is watched since "
            f"{wording.moment(freshness.since)}, its rhythm is {rhythm}{late}{failed}"
        )
    looked = f", last looked for at {wording.moment(freshness.looked_at)}" if freshness.looked_at else ""
    return (
        f"source {freshness.source!r}: last delivered {wording.moment(freshness.last_delivered_at)}, "
        f"{wording.age(freshness.age)}{looked}; its rhythm is {rhythm}{late}{failed}"
    )


def advise(freshness: Freshness) -> str:
    """Return what to do about a silent source."""
    if freshness.failed:
        return "Read in `mlspend status` why they could not be landed, and mend that or have them delivered again"
    return (
        f"Look whether the export still writes to its location (`mlspend check source {freshness.source}`) and whether "
        f"land_billing_{freshness.source} runs; where it delivers less often by right, raise its rhythm_hours in "
        "mlspend.yml"
    )


def parse_age(text: str) -> timedelta:
    """Return an age written in minutes, hours or days, else raise ValueError.

    >>> parse_age("90m"), parse_age("36h"), parse_age("3d")
    (datetime.timedelta(seconds=5400), datetime.timedelta(days=1, seconds=43200), datetime.timedelta(days=3))
    """
    match = _AGE.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is not an age: write minutes, hours or days as 90m, 36h or 3d")
    return int(match[1]) * _UNITS[match[2]]
