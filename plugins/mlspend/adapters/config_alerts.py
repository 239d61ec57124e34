"""`alerts` in mlspend.yml: whom an alert of which level reaches, when, and how many a week."""

import difflib
from collections.abc import Iterator
from datetime import time
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field

from mlspend.adapters.config_base import Strict, Text
from mlspend.adapters.yaml_lines import Place
from mlspend.core.alerts import Kind, Route, Rules, TeamRules

if TYPE_CHECKING:
    from mlspend.adapters.config_model import Config

_CHANNEL = r"^(#[^\sA-Z#@,.]{1,79}|[CG][A-Z0-9]{8,})$"
_HOURS = r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$"
_QUIET = 'hours in which only urgent alerts are sent, for example "22:00-07:00"'
_ZONE = "an IANA time zone, for example Europe/Paris"
_BUDGET = "warnings a week, for example 10"
_MINIMUM = "an amount of money, for example 50"
_TIMES = "a multiple of the project's normal day, for example 3"

Amount = Annotated[Decimal, Field(ge=0, max_digits=20, strict=False)]


class AlertRoute(Strict):
    """Where alerts of a kind, a level or both go instead."""

    kind: Kind | None = None
    level: Literal["warning", "critical"] | None = None
    channel: str | None = Field(default=None, pattern=_CHANNEL, description='a channel as "#name", in quotes')
    pagerduty: bool | None = Field(default=None, description="true or false")

    def route(self) -> Route:
        """Return it as plain values."""
        return Route(self.kind, self.level, self.channel, self.pagerduty)


class KindOff(Strict):
    """A kind of alert that goes into the tables only, and why."""

    kind: Kind
    reason: Text = Field(description="why nobody needs to be told")


class TeamAlerts(Strict):
    """What is different for one team; what is left out is as for everybody."""

    name: Text
    weekly_budget: int | None = Field(default=None, ge=0, description=_BUDGET)
    quiet_hours: str | None = Field(default=None, pattern=_HOURS, description=_QUIET)
    time_zone: Text | None = Field(default=None, description=_ZONE)
    minimum: Amount | None = Field(default=None, description=_MINIMUM)
    runaway_times: Amount | None = Field(default=None, description=_TIMES)
    runaway_floor: Amount | None = Field(default=None, description=_MINIMUM)
    routes: tuple[AlertRoute, ...] = ()


class Alerts(Strict):
    """Routes, quiet hours, thresholds and the alert budget. Amounts are in the currency of the bill."""

    # Two for each working day: what a team can look into beside its work. More are read by nobody after a month.
    weekly_budget: int = Field(default=10, ge=0, description=_BUDGET)
    snooze_days: int = Field(default=7, ge=1, le=90, description="days, for example 7")
    quiet_hours: str | None = Field(default=None, pattern=_HOURS, description=_QUIET)
    time_zone: Text | None = Field(default=None, description=_ZONE)
    # Anomalies have a floor of their own; a team may want to hear of larger ones only.
    minimum: Amount = Field(default=Decimal(0), description=_MINIMUM)
    # A daily export: the provider has had another delivery to mend it, and somebody a working day to look.
    gate_deadline_hours: int = Field(default=24, ge=0, description="hours that a gate may be red, for example 24")
    # One usage type costs each day, on top of what is usual, what the whole project costs in three days.
    runaway_times: Amount = Field(default=Decimal(3), description=_TIMES)
    # Below what it costs to get somebody out of bed for a day of work.
    runaway_floor: Amount = Field(default=Decimal(1000), description=_MINIMUM)
    # The forecast itself, not the upper end of its band: one month in ten ends above that by chance.
    budget_warns_at: Literal["at_risk", "will_burst", "burst"] = "will_burst"
    switched_off: tuple[KindOff, ...] = ()
    routes: tuple[AlertRoute, ...] = ()
    teams: tuple[TeamAlerts, ...] = ()

    def team(self, name: str | None) -> TeamAlerts:
        """Return what is different for a team."""
        return next((each for each in self.teams if each.name == name), TeamAlerts(name=name or "company"))


def rules_of(config: "Config") -> Rules:
    """Return how each team is told. Without hours of its own it has those of `alerts`, else `freshness.night`."""
    alerts, freshness = config.alerts, config.freshness

    def of(name: str | None, channel: str | None) -> TeamRules:
        own = alerts.team(name)
        begins, ends = (own.quiet_hours or alerts.quiet_hours or freshness.night).split("-")
        return TeamRules(
            channel=channel or config.digest.channel,
            quiet=(time.fromisoformat(begins), time.fromisoformat(ends)),
            zone=ZoneInfo(own.time_zone or alerts.time_zone or freshness.time_zone),
            weekly_budget=alerts.weekly_budget if own.weekly_budget is None else own.weekly_budget,
            minimum=alerts.minimum if own.minimum is None else own.minimum,
            routes=tuple(each.route() for each in (*own.routes, *alerts.routes)),
        )

    teams: dict[str | None, TeamRules] = {team.name: of(team.name, team.slack_channel) for team in config.teams}
    return Rules({None: of(None, None), **teams}, off=frozenset(each.kind for each in alerts.switched_off))


def check_alerts(config: "Config") -> Iterator[tuple[Place, str]]:
    """Find teams that do not exist, time zones that do not, routes that lead nowhere or are never reached."""
    known = [team.name for team in config.teams]
    places: list[tuple[Place, Alerts | TeamAlerts]] = [(("alerts",), config.alerts)]
    seen: set[str] = set()
    for at, each in enumerate(config.alerts.teams):
        place: Place = ("alerts", "teams", at)
        if each.name not in known:
            yield (*place, "name"), f"is {each.name!r}, which is none of the teams{_near(each.name, known)}"
        if each.name in seen:
            yield (*place, "name"), f"is {each.name!r} a second time; write what is different for it in one entry"
        seen.add(each.name)
        places.append((place, each))
    for place, part in places:
        if part.time_zone is not None and part.time_zone not in available_timezones():
            near = _near(part.time_zone, sorted(available_timezones())) or "; write an IANA name such as Europe/Paris"
            yield (*place, "time_zone"), f"is {part.time_zone!r}, which is no time zone{near}"
        yield from _check_routes((*place, "routes"), part.routes)
    kinds = [each.kind for each in config.alerts.switched_off]
    for at, kind in enumerate(kinds):
        if kind in kinds[:at]:
            yield ("alerts", "switched_off", at, "kind"), f"is {kind!r} a second time; keep one reason"


def _check_routes(place: Place, routes: tuple[AlertRoute, ...]) -> Iterator[tuple[Place, str]]:
    for at, route in enumerate(routes):
        if route.channel is None and route.pagerduty is None:
            yield (*place, at), 'leads nowhere; add channel: "#name", or pagerduty: true or false'
        for earlier in routes[:at]:
            if earlier.kind in (None, route.kind) and earlier.level in (None, route.level):
                yield (*place, at), "is never reached: an earlier route fits whatever this one does; put it before that"
                break


def _near(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]}?" if near else f"; known: {', '.join(known) or 'none'}" if len(known) < 50 else ""
