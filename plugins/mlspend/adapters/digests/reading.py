"""A digest read from the published warehouse: every figure of it from one published state, which it names."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from mlspend.adapters import duckdb_files
from mlspend.adapters.digests import digest_tables, outlook_tables
from mlspend.adapters.duckdb_files import Connection
from mlspend.adapters.home import Home
from mlspend.core import wording
from mlspend.core.alerts import Alert, Candidate
from mlspend.core.digest import Audience, Coverage, Digest, GateNote, OpenAlert
from mlspend.core.digest_sections import choose_week, compose_sections
from mlspend.core.errors import NothingPublished, WeekNotCovered
from mlspend.core.gates import RedGate
from mlspend.core.restatements import worth_telling
from mlspend.core.weeks import Week


@dataclass(frozen=True)
class Known:
    """What a digest tells that the state store knows: open alerts with their teams, and red gates."""

    alerts: Sequence[tuple[str, OpenAlert]] = ()
    gates: Sequence[RedGate] = ()


NOTHING_KNOWN = Known()


@contextmanager
def published(home: Home) -> Iterator[Connection]:
    """Give a connection to the published warehouse; NothingPublished where there is none yet."""
    if not home.published_warehouse.exists():
        raise NothingPublished(f"nothing is published at {home.published_warehouse} yet: run `mlspend publish` first")
    with duckdb_files.connect(home.published_warehouse, read_only=True) as connection:
        yield connection


def read(
    connection: Connection,
    company: str,
    audience: Audience,
    *,
    now: datetime,
    week: Week | None = None,
    restated_percent: float = 0,
    known: Known = NOTHING_KNOWN,
) -> Digest:
    """Return the digest of `week` (None: the last complete one published) for `audience`.

    It mentions months that were restated by `restated_percent` or more. WeekNotCovered where the published usage does
    not reach the week's end.
    """
    coverage = digest_tables.read_coverage(connection)
    week = check_week(week, coverage, now)
    build_id, published_at = digest_tables.read_publication(connection)
    is_management = audience.kind == "management"
    teams = audience.teams
    sections = compose_sections(
        digest_tables.read_spend(connection, week, teams),
        coverage,
        week,
        outlook_tables.read_facts(connection, week, teams, is_management=is_management),
        with_teams=is_management,
    )
    return Digest(
        company=company,
        audience=audience,
        week=week,
        composed_at=now,
        sections=sections,
        coverage=coverage,
        complete=digest_tables.read_complete_days(connection),
        deliveries=digest_tables.read_deliveries(connection),
        reconciliation=digest_tables.read_reconciliation(connection),
        open_periods=digest_tables.read_open_periods(connection, week, now.date()),
        restated=worth_telling(digest_tables.read_restatements(connection, week), restated_percent),
        checks=digest_tables.read_checks(connection, build_id),
        own_cost=digest_tables.read_own_cost(connection, week),
        alerts=tuple(alert for team, alert in known.alerts if not teams or team in teams),
        gates=tuple(_note(gate) for gate in known.gates) if is_management else (),
        build_id=build_id,
        published_at=published_at,
    )


def check_week(week: Week | None, coverage: tuple[Coverage, ...], now: datetime) -> Week:
    """Return `week`, or the last complete one where none is asked for; WeekNotCovered where there is none."""
    if not coverage:
        raise WeekNotCovered("the published warehouse holds no charges: land a billing period and build first")
    last = choose_week(coverage, now.date())
    first_day = min(each.first_day for each in coverage)
    chosen = week or last
    if chosen > last or chosen.sunday < first_day:
        newest_day = max(each.whole_to for each in coverage)
        raise WeekNotCovered(
            f"week {chosen} ({wording.days(chosen.monday, chosen.sunday)}) cannot be told: the published usage is "
            f"whole from {wording.day(first_day)} to {wording.day(newest_day)}. Ask for a week that ends within it, or "
            "wait for the next delivery"
        )
    return chosen


def read_known(alerts: Sequence[Alert], gates: Sequence[RedGate], now: datetime) -> Known:
    """Return what open alerts (but for the snoozed) and red gates say to a digest; the gravest alerts come first."""
    order = {"critical": 0, "warning": 1}
    told = [
        alert
        for alert in alerts
        if alert.candidate.level in order
        and alert.state != "approved"
        and not (alert.state == "snoozed" and alert.snoozed_until and alert.snoozed_until > now)
    ]
    told.sort(key=lambda alert: (order[alert.candidate.level], alert.opened_at, alert.alert_id))
    return Known(tuple((alert.team or "", _alert(alert)) for alert in told), tuple(gates))


def _alert(alert: Alert) -> OpenAlert:
    told = alert.candidate
    return OpenAlert(
        alert.alert_id,
        told.level,
        told.title,
        alert.opened_at,
        told.amount if told.currency else None,
        told.currency or "",
        told.kind,
        *_subject(told),
    )


def _subject(told: Candidate) -> tuple[str, str, str]:
    """Return what an alert is about: scope, month and detail, as its kind's fingerprint has them."""
    if told.kind == "budget" and len(told.parts) == 3:
        budget, _, month = told.parts
        return budget, month, ""
    if told.kind in ("drift", "coverage") and len(told.parts) == 4:
        check, subject, source, month = told.parts
        return source or subject, month, check.replace("_", " ")
    if told.kind == "gate_red" and len(told.parts) == 4:
        source, month, gate, _ = told.parts
        return source, month, gate
    if told.kind == "data_stopped" and len(told.parts) == 3:
        return told.scope, "", "never" if told.parts[1] == "never" else ""
    return told.scope.replace(": ", ", ", 1), "", ""


def _note(gate: RedGate) -> GateNote:
    return GateNote(gate.x_source, gate.billing_period or "", gate.kind, gate.since)
