"""The ledger's part about alerts, and what became of each."""

import json
from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from mlspend.adapters.state_store import StateStore
from mlspend.adapters.state_tables import alert_events, alerts
from mlspend.core.alerts import BUDGET_SPAN, Alert, Candidate, Change, Event, Place

Notified = list[tuple[str | None, datetime]]


class LedgerAlerts:
    """Methods of the ledger; all times are aware UTC datetimes, amounts travel as text."""

    _store: StateStore

    def alerts(self) -> list[Alert]:
        """Return every alert there ever was, oldest first."""
        query = sa.select(alerts).order_by(alerts.c.opened_at, alerts.c.alert_id)
        return [_alert(row) for row in self._store.rows(query)]

    def open_alerts(self) -> list[Alert]:
        """Return the alerts that are neither resolved nor approved, oldest first."""
        query = sa.select(alerts).where(alerts.c.resolved_at.is_(None))
        return [_alert(row) for row in self._store.rows(query.order_by(alerts.c.opened_at, alerts.c.alert_id))]

    def alert(self, alert_id: str) -> Alert | None:
        """Return one alert, None where there is none of this id."""
        found = self._store.rows(sa.select(alerts).where(alerts.c.alert_id == alert_id))
        return _alert(found[0]) if found else None

    def alert_events(self, alert_id: str | None = None) -> list[Event]:
        """Return what happened to one alert or to all, oldest first."""
        query = sa.select(alert_events).order_by(alert_events.c.sequence)
        if alert_id is not None:
            query = query.where(alert_events.c.alert_id == alert_id)
        return [_event(row) for row in self._store.rows(query)]

    def change_alerts(self, judge: Callable[[list[Alert], Notified], Iterable[Change]], now: datetime) -> list[Change]:
        """Write what `judge` makes of all alerts, in one transaction beside no other, and return it.

        It is given every alert, and team and time of the messages that count in the alert budget (below critical).
        """
        counted = sa.select(alert_events.c.team, alert_events.c.happened_at).where(
            alert_events.c.event == "notified",
            alert_events.c.level == "warning",
            alert_events.c.happened_at > now - BUDGET_SPAN,
        )
        with self._store.transaction_alone() as connection:
            known = [_alert(dict(row)) for row in connection.execute(sa.select(alerts)).mappings()]
            notified = [(team, at) for team, at in connection.execute(counted)]
            changes = sorted(judge(known, notified), key=lambda change: change.alert.alert_id)
            for change in changes:
                self._write(connection, change.alert)
            for change in changes:
                for event in change.events:
                    connection.execute(sa.insert(alert_events).values(**_event_row(event)))
        return changes

    def record_place(self, alert_id: str, destination: str, *, before: Place, after: Place) -> bool:
        """Record how far a message got at one destination; False where somebody else recorded something since."""
        with self._store.transaction_alone() as connection:
            query = sa.select(alerts.c.places).where(alerts.c.alert_id == alert_id)
            places = json.loads(connection.execute(query).scalar_one())
            if places.get(destination) != before:
                return False
            written = json.dumps({**places, destination: after})
            connection.execute(sa.update(alerts).where(alerts.c.alert_id == alert_id).values(places=written))
        return True

    def _write(self, connection: sa.Connection, alert: Alert) -> None:
        row = _row(alert)
        insert = self._store.upsert(alerts).values(**row)
        said = {name: value for name, value in row.items() if name != "alert_id"}
        connection.execute(insert.on_conflict_do_update(index_elements=["alert_id"], set_=said))


def _row(alert: Alert) -> dict[str, Any]:
    found = alert.candidate
    facts = {
        "facts": found.facts,
        "rule": found.rule,
        "advice": found.advice,
        "since": found.since.isoformat(),
        "sources": found.sources,
        "is_urgent": found.is_urgent,
        "stage": found.stage,
        "raised_by": found.raised_by,
    }
    return {
        "alert_id": alert.alert_id,
        "fingerprint": json.dumps([found.kind, *found.parts], ensure_ascii=False),
        "kind": found.kind,
        "level": found.level,
        "team": found.team,
        "scope": found.scope,
        "title": found.title,
        "facts": json.dumps(facts, ensure_ascii=False),
        "amount": _text(found.amount),
        "billing_currency": found.currency,
        "opened_at": alert.opened_at,
        "seen_at": alert.seen_at,
        "resolved_at": alert.resolved_at,
        "eased_at": alert.eased_at,
        "state": alert.state,
        "state_by": alert.state_by,
        "state_at": alert.state_at,
        "snoozed_until": alert.snoozed_until,
        "notified_at": alert.notified_at,
        "notified_level": alert.notified_level,
        "notified_amount": _text(alert.notified_amount),
        "notified_stage": alert.notified_stage,
        "notified_count": alert.notified_count,
        "places": json.dumps(alert.places),
    }


def _alert(row: dict[str, Any]) -> Alert:
    said = json.loads(row["facts"])
    kind, *parts = json.loads(row["fingerprint"])
    found = Candidate(
        kind=kind,
        parts=tuple(parts),
        level=row["level"],
        scope=row["scope"],
        title=row["title"],
        since=datetime.fromisoformat(said["since"]),
        facts=tuple((label, words) for label, words in said["facts"]),
        rule=said["rule"],
        advice=said["advice"],
        team=row["team"],
        amount=_amount(row["amount"]),
        currency=row["billing_currency"],
        is_urgent=said["is_urgent"],
        sources=tuple(said["sources"]),
        stage=said["stage"],
        raised_by=said["raised_by"],
    )
    same = (
        "opened_at",
        "seen_at",
        "resolved_at",
        "eased_at",
        "state",
        "state_by",
        "state_at",
        "snoozed_until",
        "notified_at",
        "notified_level",
        "notified_stage",
        "notified_count",
    )
    return Alert(
        candidate=found,
        notified_amount=_amount(row["notified_amount"]),
        places=json.loads(row["places"]),
        **{name: row[name] for name in same},
    )


def _event(row: dict[str, Any]) -> Event:
    return Event(
        **{name: value for name, value in row.items() if name != "sequence"} | {"amount": _amount(row["amount"])}
    )


def _event_row(event: Event) -> dict[str, Any]:
    return {**vars(event), "amount": _text(event.amount)}


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"


def _amount(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
