"""What became of the alerts that were told: how many led to something, and what nobody would miss."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, get_args

from mlspend.core.alerts import RUNAWAY, Alert, Event

Outcome = Literal["acted_on", "not_mine", "snoozed", "ignored", "resolved_within_a_day", "waiting"]

# Nobody could have acted on it: neither for the rule nor against it.
_BRIEF = timedelta(days=1)
# Until then somebody may still come to it.
_PATIENCE = timedelta(days=7)
# Of fewer alerts one more or less would turn the verdict.
_ENOUGH = 5
# Fewer than one in three: then most readers have stopped opening them.
_TOO_FEW = 1 / 3
# What is critical is rare, and dear where it is missed: nobody proposes to be silent about it.
_NEVER_OFF = frozenset({"data_stopped", "gate_red"})


@dataclass(frozen=True)
class Review:
    """One rule's alerts that were first told in the time looked at; each is counted once, by its gravest outcome.

    `rule` is which of its kind's rules raised them: of drift and coverage the check, of anomaly the kind of anomaly or
    runaway. It is empty where the kind has one rule, and where all of a kind are counted.
    `precision` is acted_on / (acted_on + not_mine + snoozed + ignored), None where none of these is.
    """

    kind: str
    rule: str
    sent: int
    acted_on: int
    not_mine: int
    snoozed: int
    ignored: int
    resolved_within_a_day: int
    waiting: int

    @property
    def judged(self) -> int:
        """How many say something about the rule."""
        return self.acted_on + self.not_mine + self.snoozed + self.ignored

    @property
    def precision(self) -> float | None:
        """The share of those that led to something."""
        return self.acted_on / self.judged if self.judged else None

    @property
    def is_noise(self) -> bool:
        """Whether to propose that the kind goes into the tables only."""
        few = self.precision is not None and self.precision < _TOO_FEW
        return few and self.judged >= _ENOUGH and self.kind not in _NEVER_OFF


def review(alerts: Iterable[Alert], events: Sequence[Event], since: datetime, now: datetime) -> list[Review]:
    """Return per kind and rule what became of the alerts that were first told at `since` or later, in that order."""
    outcomes: dict[tuple[str, str], list[Outcome]] = {}
    for alert in alerts:
        own = [event for event in events if event.alert_id == alert.alert_id]
        told = next((event.happened_at for event in own if event.event in ("notified", "withheld")), None)
        if told is not None and told >= since:
            rule = (alert.candidate.kind, alert.candidate.raised_by)
            outcomes.setdefault(rule, []).append(judge_outcome(own, told, now))
    return [
        Review(*rule, len(several), *(several.count(outcome) for outcome in get_args(Outcome)))
        for rule, several in sorted(outcomes.items())
    ]


def judge_outcome(events: Sequence[Event], told: datetime, now: datetime) -> Outcome:
    """Return what became of one alert, by what happened to it since it was first `told`; `events` oldest first.

    Acted on: acknowledged or approved, whatever else. Without a decision it is ignored once it ended by itself after
    more than a day, or a week has passed; it is waiting until then. What eased has ended; what returned has not.
    """
    since = [event for event in events if event.happened_at >= told]
    names = {event.event for event in since}
    if names & {"acknowledged", "approved"}:
        return "acted_on"
    if "not_mine" in names:
        return "not_mine"
    if "snoozed" in names:
        return "snoozed"
    ended: datetime | None = None
    for event in since:
        if event.event in ("resolved", "eased"):
            ended = ended or event.happened_at
        elif event.event == "reopened" and event.level != "info":
            ended = None
    if ended is not None:
        return "resolved_within_a_day" if ended - told <= _BRIEF else "ignored"
    return "ignored" if now - told >= _PATIENCE else "waiting"


def propose(reviews: Iterable[Review], since: datetime, now: datetime) -> str:
    """Return the lines for mlspend.yml that switch off the kinds that are noise, empty where none is.

    Runaway spend is told though anomalies are off, so it says nothing for or against them.
    """
    kinds: dict[str, Review] = {}
    for one in reviews:
        if one.rule != RUNAWAY:
            kinds[one.kind] = _add(kinds[one.kind], one) if one.kind in kinds else replace(one, rule="")
    noise = [one for one in kinds.values() if one.is_noise]
    if not noise:
        return ""
    lines = [
        f'    - {{kind: {one.kind}, reason: "{one.acted_on} of {one.judged} led to something, '
        f'{since:%Y-%m-%d} to {now:%Y-%m-%d}"}}'
        for one in noise
    ]
    return "\n".join(["alerts:", "  switched_off:", *lines])


def _add(one: Review, other: Review) -> Review:
    counts = (*get_args(Outcome), "sent")
    return replace(one, **{name: getattr(one, name) + getattr(other, name) for name in counts})
