"""What an alert is: what was found (a candidate), what became of it, and by which rules whom it reaches when."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from typing import Literal, get_args

from mlspend.core.hashes import hash_of

Kind = Literal["data_stopped", "gate_red", "anomaly", "budget", "drift", "coverage"]
Level = Literal["info", "warning", "critical"]
Severity = Literal["info", "warning", "critical", "urgent"]
State = Literal["open", "acknowledged", "snoozed", "not_mine", "approved"]
Action = Literal["acknowledge", "snooze", "not_mine", "approve"]
# How far the message got at one destination: due, being tried, told (in the outbox: nobody heard), its end due or told.
# The end of what lies in the outbox is for the outbox alone.
Place = Literal["due", "tried", "told", "outbox", "acknowledge due", "end due", "outbox end due", "ended"]

KINDS: tuple[Kind, ...] = get_args(Kind)
# Destinations are channels, and these.
PAGERDUTY = "pagerduty"
COMPANY = "company"
WITHHELD = "withheld"
# What of the kind anomaly is critical is raised by.
RUNAWAY = "runaway"
SUMMARY = "summary "

_RANKS: Mapping[str, int] = {severity: rank for rank, severity in enumerate(get_args(Severity))}
# "Grows by half": less is the same thing going on, and would be told again and again.
_GROWTH = Decimal("1.5")
BUDGET_SPAN = timedelta(days=7)


def rank_of(severity: str | None) -> int:
    """Return how grave a severity is; of none, less than any.

    >>> rank_of("urgent") > rank_of("critical") > rank_of("warning") > rank_of("info") > rank_of(None)
    True
    """
    return -1 if severity is None else _RANKS[severity]


def has_grown(amount: Decimal | None, told: Decimal | None) -> bool:
    """Return whether `amount` is half as much again as what was told, or more; unknown amounts do not grow.

    Where no money was told of, any is more: what is too little for the team never gets here (see Rules.weigh).

    >>> has_grown(Decimal("150"), Decimal("100")), has_grown(Decimal("149.99"), Decimal("100")), has_grown(None, None)
    (True, False, False)
    >>> has_grown(Decimal("9"), Decimal("0")), has_grown(Decimal("0"), Decimal("0"))
    (True, False)
    """
    return amount is not None and told is not None and amount > 0 and amount >= told * _GROWTH


@dataclass(frozen=True)
class Candidate:
    """Something found now that somebody may have to know.

    `parts` and the kind are its fingerprint: what is the same thing has the same ones. `is_urgent`: it may break quiet
    hours. `team` None: the company's. `facts` are pairs of label and words, `rule` says what was compared with which
    threshold, `advice` what to do. `sources` are the exports whose data it rests on (none: on no spend). `stage` is how
    far it got within its level: a higher one is news. `raised_by` is which of its kind's rules raised it, empty
    where there is one.
    """

    kind: Kind
    parts: tuple[str, ...]
    level: Level
    scope: str
    title: str
    since: datetime
    facts: tuple[tuple[str, str], ...] = ()
    rule: str = ""
    advice: str = ""
    team: str | None = None
    amount: Decimal | None = None
    currency: str | None = None
    is_urgent: bool = False
    sources: tuple[str, ...] = ()
    stage: int = 0
    raised_by: str = ""

    @property
    def alert_id(self) -> str:
        """The short name of the thing: the same at every look."""
        return hash_of([self.kind, *self.parts])[:12]

    @property
    def severity(self) -> Severity:
        """The level; critical and urgent is graver than critical."""
        return "urgent" if self.is_urgent and self.level == "critical" else self.level


@dataclass(frozen=True)
class Alert:
    """A candidate as last seen, and what became of it. All times are aware UTC datetimes.

    `notified_*` is what was told last (`notified_count` 0: nothing yet); `places` is where, and how far that got.
    `eased_at` is since when it is information only, for those who were told: over; None where it is not.
    """

    candidate: Candidate
    opened_at: datetime
    seen_at: datetime
    resolved_at: datetime | None = None
    eased_at: datetime | None = None
    state: State = "open"
    state_by: str | None = None
    state_at: datetime | None = None
    snoozed_until: datetime | None = None
    notified_at: datetime | None = None
    notified_level: Severity | None = None
    notified_amount: Decimal | None = None
    notified_stage: int = 0
    notified_count: int = 0
    places: Mapping[str, Place] = field(default_factory=dict)

    @property
    def alert_id(self) -> str:
        """The short name of the thing."""
        return self.candidate.alert_id

    @property
    def is_open(self) -> bool:
        """Whether the thing is still there and nobody called it intended."""
        return self.resolved_at is None

    @property
    def team(self) -> str | None:
        """Who is to act; what is not the team's is the company's."""
        return None if self.state == "not_mine" else self.candidate.team


@dataclass(frozen=True)
class Event:
    """Something that happened to an alert; `team` is whom it concerned then, None: the company.

    `event` is opened, reopened, notified, withheld, summarised, eased, resolved, or the state somebody decided on.
    """

    alert_id: str
    happened_at: datetime
    event: str
    team: str | None = None
    by: str | None = None
    level: str | None = None
    amount: Decimal | None = None
    note: str | None = None


@dataclass(frozen=True)
class Change:
    """An alert as it is from now on, and what happened to it."""

    alert: Alert
    events: tuple[Event, ...] = ()


@dataclass(frozen=True)
class Route:
    """Where a kind of a level goes instead; None: any kind, any level, the team's channel, PagerDuty as usual."""

    kind: str | None = None
    level: str | None = None
    channel: str | None = None
    pagerduty: bool | None = None


@dataclass(frozen=True)
class TeamRules:
    """How one team is told: `quiet` begins and ends in `zone`; below `minimum` (any currency) nothing is told."""

    channel: str | None
    quiet: tuple[time, time]
    zone: tzinfo
    weekly_budget: int
    minimum: Decimal = Decimal(0)
    routes: tuple[Route, ...] = ()

    def is_quiet(self, now: datetime) -> bool:
        """Return whether `now` is within the quiet hours; the first minute is, the last is not."""
        begins, ends = self.quiet
        local = now.astimezone(self.zone).time()
        return begins <= local < ends if begins <= ends else local >= begins or local < ends

    def local_day(self, now: datetime) -> date:
        """Return the team's day."""
        return now.astimezone(self.zone).date()

    def destinations(self, candidate: Candidate) -> tuple[str, ...]:
        """Return where the candidate is told: a channel, PagerDuty, both or none. The first route that fits counts."""
        fitting = (
            route
            for route in self.routes
            if route.kind in (None, candidate.kind) and route.level in (None, candidate.level)
        )
        route = next(fitting, Route())
        pages = candidate.level == "critical" if route.pagerduty is None else route.pagerduty
        channel = route.channel or self.channel
        return (*((channel,) if channel else ()), *((PAGERDUTY,) if pages else ()))


@dataclass(frozen=True)
class Rules:
    """How each team is told, the company's own rules under None; kinds in `off` go into the tables only."""

    teams: Mapping[str | None, TeamRules]
    off: frozenset[str] = frozenset()

    def of(self, team: str | None) -> TeamRules:
        """Return a team's rules; one that is not configured is told where the company is."""
        return self.teams.get(team) or self.teams[None]

    def weigh(self, candidate: Candidate) -> Candidate:
        """Return the candidate as information only where its kind is off or its amount too small for the team.

        Runaway spend is neither: who wants to hear nothing of unusual spend means the usual kind of it.
        """
        if candidate.kind == "anomaly" and candidate.level == "critical":
            return candidate
        is_small = candidate.amount is not None and candidate.amount < self.of(candidate.team).minimum
        return replace(candidate, level="info") if candidate.kind in self.off or is_small else candidate
