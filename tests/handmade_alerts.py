"""Alerts made by hand, and a store that does in memory what the ledger and the senders do."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from mlspend.core.alert_decisions import decide
from mlspend.core.alert_judgement import Evaluation, judge
from mlspend.core.alerts import KINDS, Alert, Candidate, Change, Event, Place, Rules, TeamRules

# A Monday, ten in the morning.
START = datetime(2026, 11, 2, 10, tzinfo=UTC)
EVERYTHING = Evaluation(frozenset(KINDS))
TEAM = TeamRules("#risk", (time(22), time(7)), UTC, weekly_budget=2)
RULES = Rules({None: replace(TEAM, channel="#ml-spend"), "risk": TEAM})


def hour(number: float) -> datetime:
    return START + timedelta(hours=number)


def found(name: str = "a", amount: str | None = "100", level: Any = "warning", **other: Any) -> Candidate:
    facts = {"kind": "anomaly", "team": "risk", "sources": ("aws",), "scope": name, "title": name, "since": START}
    return Candidate(
        parts=(name,), level=level, amount=None if amount is None else Decimal(amount), **{**facts, **other}
    )


class Store:
    """What the ledger does with changes, in memory; `look` returns what is newly due, and calls it told."""

    def __init__(self, rules: Rules = RULES) -> None:
        self.rules = rules
        self.alerts: dict[str, Alert] = {}
        self.events: list[Event] = []

    def write(self, changes: Sequence[Change]) -> None:
        for change in changes:
            self.alerts[change.alert.alert_id] = change.alert
            self.events += change.events

    def judge(self, candidates: Sequence[Candidate], now: datetime, evaluation: Evaluation = EVERYTHING) -> None:
        counted = [(e.team, e.happened_at) for e in self.events if e.event == "notified" and e.level == "warning"]
        self.write(judge(candidates, list(self.alerts.values()), self.rules, evaluation, counted, now))

    def deliver(self) -> list[tuple[str, str, str]]:
        """Send all that is due: (title, place, what)."""
        sent = []
        for alert in list(self.alerts.values()):
            places: dict[str, Place] = dict(alert.places)
            for place, stands in alert.places.items():
                if place != "withheld" and stands in ("due", "tried", "end due", "acknowledge due"):
                    sent.append((alert.candidate.title, place, stands.replace("tried", "due")))
                    places[place] = "ended" if stands == "end due" else "told"
            self.alerts[alert.alert_id] = replace(alert, places=places)
        return sent

    def look(self, *candidates: Candidate, at: float, **evaluation: Any) -> list[tuple[str, str, str]]:
        self.judge(candidates, hour(at), replace(EVERYTHING, **evaluation))
        return self.deliver()

    def decide(self, action: Any, at: float, name: str = "a") -> str:
        alert = self.alerts[found(name).alert_id]
        change, said = decide(alert, action, by="ines", now=hour(at), snooze=timedelta(days=7))
        self.write([change] if change else [])
        return said


TOLD, ENDED = [("a", "#risk", "due")], [("a", "#risk", "end due")]
