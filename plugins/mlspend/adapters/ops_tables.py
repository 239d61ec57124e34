"""Schema ops of the published warehouse: what the ledger knew at publication, for analysts and for the next build."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from mlspend.adapters import duckdb_files
from mlspend.adapters.ledger import Ledger
from mlspend.adapters.steps import reached
from mlspend.core.alerts import Alert
from mlspend.core.deliveries import Publication
from mlspend.core.shadows import Shadow, compare_totals
from mlspend.core.steps import Step

Columns = Mapping[str, tuple[str, str]]

_PARTITIONS = "struct(x_source varchar, billing_period varchar, version varchar, has_lines boolean, rules varchar)[]"
_PUBLICATION_COLUMNS = (
    "select column_name from duckdb_columns() where schema_name = 'ops' and table_name = 'publications'"
)
# Per table: what it holds; per column: DuckDB type and what it says. All times are UTC.
_TABLES: Mapping[str, tuple[str, Columns]] = {
    "publications": (
        "Every publication of this warehouse that the ledger remembers, and this one.",
        {
            "build_id": ("varchar", "The build that was published"),
            "is_current": ("boolean", "Whether this file is that publication"),
            "schema_version": ("varchar", "Version of the published tables: additions are minor, all else is major"),
            "configuration_hash": ("varchar", "Hash of the configuration that the amounts were attributed with"),
            "published_at": ("timestamp", "When readers could first open it"),
            "partitions": (
                _PARTITIONS,
                "Billing periods of sources it holds, each in one version; line by line or only as sums",
            ),
            "lake_builds": ("varchar[]", "Builds whose lake files its views name"),
            "tables_hash": ("varchar", "Hash of the invoices, closings and the like that it was made with"),
        },
    ),
    "deliveries": (
        "Every delivery of a billing period that was seen, and what became of it.",
        {
            "source": ("varchar", "Short name of the configured export"),
            "billing_period": ("varchar", "The provider's billing period, YYYY-MM"),
            "version": ("varchar", "Execution or assembly id, or a hash of the content"),
            "export_kind": ("varchar", "Kind of export as recognised by its content"),
            "status": (
                "varchar",
                "published, built or landed (it counts), held, superseded, ignored, rejected or seen",
            ),
            "reason": ("varchar", "Why it is not what readers see; empty where it is"),
            "delivered_at": ("timestamp", "When the provider wrote it"),
            "seen_at": ("timestamp", "When it was first found"),
            "landed_at": ("timestamp", "When it was landed whole"),
            "rejected_at": ("timestamp", "When it was last refused"),
            "rejection_reason": ("varchar", "Why it was refused"),
            "file_count": ("bigint", "Files it consists of"),
            "byte_count": ("bigint", "Their size together, in bytes"),
            "row_count": ("bigint", "Lines landed"),
            "billed_costs": ("map(varchar, decimal(38, 12))", "Billed cost of its raw files per currency"),
            "manifest_uri": ("varchar", "The manifest that names its files; empty where there is none"),
            "content_version": ("varchar", "The earlier version whose very lines it repeats; empty where they are new"),
            "shadow_of": ("varchar", "The source that is preferred for its accounts and counts in its place"),
            "built_at": ("timestamp", "When a build first held its lines"),
            "published_at": ("timestamp", "When readers could first see its lines"),
            "lines_removed_at": (
                "timestamp",
                "When its landed lines were deleted, because nothing needs them any more",
            ),
        },
    ),
    "shadows": (
        "Exports that are landed beside a preferred one and do not count: their billed cost against that one's.",
        {
            "source": ("varchar", "The export that does not count"),
            "version": ("varchar", "Its delivery"),
            "preferred_source": ("varchar", "The export that counts"),
            "preferred_version": ("varchar", "Its delivery"),
            "billing_period": ("varchar", "The provider's billing period, YYYY-MM"),
            "charge_date": ("date", "The UTC day"),
            "billing_account_id": ("varchar", "Account that the invoice goes to"),
            "billing_currency": ("varchar", "Currency of the amounts"),
            "billed_cost": ("decimal(38, 12)", "Billed cost in the export that does not count"),
            "preferred_billed_cost": ("decimal(38, 12)", "Billed cost in the export that counts"),
            "difference": ("decimal(38, 12)", "How much more the export that does not count says"),
        },
    ),
    "dead_letters": (
        "Messages of the sources' queues that announce nothing that can be taken.",
        {
            "source": ("varchar", "Whose queue it came from"),
            "message_id": ("varchar", "What the queue calls it"),
            "received_at": ("timestamp", "When it was first received"),
            "reason": ("varchar", "Why nothing could be done with it"),
            "body": ("varchar", "What it says"),
        },
    ),
    "rule_versions": (
        "Every version of the rules of attribution that costs were attributed by.",
        {
            "version": ("varchar", "What billing periods call it by, in ops.publications and marts.closed_periods"),
            "first_used_at": ("timestamp", "When a build first used it"),
            "rules": ("varchar", "The rules, as JSON"),
        },
    ),
    "held_deliveries": (
        "Deliveries that the quality gates hold or held back, and who took one as right all the same.",
        {
            "source": ("varchar", "Short name of the configured export"),
            "billing_period": ("varchar", "The provider's billing period, YYYY-MM"),
            "version": ("varchar", "The delivery, or the earlier one that first held the same lines"),
            "is_held": ("boolean", "Whether this publication leaves it out"),
            "held_since": ("timestamp", "When the billing period went red, over all its deliveries since"),
            "checked_at": ("timestamp", "When this delivery was last judged"),
            "reasons": ("varchar[]", "Why, one sentence per check that said no"),
            "build_id": ("varchar", "The build that was asked about, in marts.data_quality"),
            "released_at": ("timestamp", "When it was published, or another delivery came in its place"),
            "accepted_at": ("timestamp", "When somebody took as right what is red of it now"),
            "accepted_by": ("varchar", "Who"),
            "accept_reason": ("varchar", "Why"),
            "acceptances": ("varchar", "Every time it was taken as right, as JSON: which checks, when, who, why"),
        },
    ),
    "reopened_periods": (
        "Closings of billing periods that were taken back.",
        {
            "source": ("varchar", "Short name of the configured export"),
            "billing_period": ("varchar", "The provider's billing period, YYYY-MM"),
            "closed_at": ("timestamp", "When it had been closed"),
            "closed_by": ("varchar", "By whom"),
            "reopened_at": ("timestamp", "When that was taken back"),
            "reopened_by": ("varchar", "By whom"),
        },
    ),
    "messages": (
        "Every message that was to be sent, up to this publication.",
        {
            "message_key": ("varchar", "What makes it be sent once"),
            "kind": ("varchar", "Digest or alert"),
            "destination": ("varchar", "Channel or file"),
            "claimed_at": ("timestamp", "When a sender began"),
            "sent_at": ("timestamp", "When it was out; empty while uncertain"),
            "reference": (
                "varchar",
                "How to find it at its destination; or not begun: it is to follow",
            ),
        },
    ),
    "alerts": (
        "Every alert there ever was, up to this publication: of a thing that comes and goes one row.",
        {
            "alert_id": ("varchar", "What it is called: the same for the same thing"),
            "kind": ("varchar", "data_stopped, gate_red, anomaly, budget, drift or coverage"),
            "level": ("varchar", "info (told to nobody), warning or critical, as last seen"),
            "team": ("varchar", "Team that is to act; empty: the company"),
            "scope": ("varchar", "What it is about"),
            "title": ("varchar", "What it says, as last seen"),
            "rule": ("varchar", "What was compared with which threshold"),
            "amount": ("decimal(38, 12)", "How much money it is about, in billing_currency; empty: unknown or none"),
            "billing_currency": ("varchar", "Currency of the amounts"),
            "since": ("timestamp", "Since when it is so"),
            "opened_at": ("timestamp", "When it was first seen"),
            "seen_at": ("timestamp", "When it was last seen"),
            "resolved_at": ("timestamp", "When it was over, or approved; empty: it is open"),
            "state": ("varchar", "open, acknowledged, snoozed, not_mine or approved"),
            "state_by": ("varchar", "Who decided that"),
            "state_at": ("timestamp", "When"),
            "snoozed_until": ("timestamp", "Until when nothing is told of it"),
            "notified_at": ("timestamp", "When it was last told; empty: never"),
            "notified_level": ("varchar", "As what it was last told; urgent: critical, at any hour"),
            "notified_amount": ("decimal(38, 12)", "Its amount then: half as much again is told again"),
            "notified_count": ("integer", "How often it was told"),
        },
    ),
    "alert_events": (
        "What happened to each alert, up to this publication.",
        {
            "alert_id": ("varchar", "The alert, as in ops.alerts"),
            "happened_at": ("timestamp", "When"),
            "event": (
                "varchar",
                "opened, reopened, notified, withheld or summarised (alert budget), eased (to info), resolved,"
                " or acknowledged, snoozed, not_mine, approved",
            ),
            "team": ("varchar", "Whom it concerned then; empty: the company"),
            "decided_by": ("varchar", "Who decided; empty: nobody did"),
            "level": ("varchar", "Its level then; urgent: critical, at any hour"),
            "amount": ("decimal(38, 12)", "Its amount then"),
        },
    ),
    "api_calls": (
        "Every request to the provider's billing APIs, and of landing to S3, up to this publication.",
        {
            "called_at": ("timestamp", "When it was sent"),
            "service": ("varchar", "The API: invoicing, ce (Cost Explorer), or s3"),
            "operation": ("varchar", "What was asked"),
            "source": ("varchar", "For which source"),
            "call_count": ("integer", "How many requests"),
            "estimated_cost": ("decimal(38, 12)", "What AWS asks for it, in USD; empty where no price is known"),
        },
    ),
}


def write(connection: duckdb_files.Connection, publication: Publication, ledger: Ledger) -> None:
    """Replace schema ops of the open warehouse file, in one transaction."""
    earlier = [each for each in ledger.publications() if each.build_id != publication.build_id]
    rows: Mapping[str, Sequence[Mapping[str, Any]]] = {
        "publications": [
            {**asdict(each), "is_current": each is publication, "lake_builds": list(each.lake_builds)}
            for each in (publication, *earlier)
        ],
        "deliveries": _as_published(ledger.deliveries(), publication),
        "shadows": [row for shadow in ledger.shadows() for row in _compare(shadow)],
        "dead_letters": ledger.dead_letters(),
        "rule_versions": [{**row, "rules": json.dumps(row["rules"])} for row in ledger.rule_versions()],
        "held_deliveries": _held(connection, ledger),
        "reopened_periods": ledger.reopened_periods(),
        "messages": ledger.messages(),
        "alerts": [_flat(each) for each in ledger.alerts()],
        "alert_events": [{**vars(each), "decided_by": each.by} for each in ledger.alert_events()],
        "api_calls": ledger.api_calls(),
    }
    connection.execute("begin")
    connection.execute("create schema if not exists ops")
    for table, (description, columns) in _TABLES.items():
        definitions = ", ".join(f"{name} {type_}" for name, (type_, _) in columns.items())
        connection.execute(f"create or replace table ops.{table} ({definitions})")
        connection.execute(f"comment on table ops.{table} is {duckdb_files.quote(description)}")
        for name, (_, meaning) in columns.items():
            connection.execute(f"comment on column ops.{table}.{name} is {duckdb_files.quote(meaning)}")
        if values := [[_stored(row[name]) for name in columns] for row in rows[table]]:
            places = ", ".join("?" for _ in columns)
            connection.executemany(f"insert into ops.{table} values ({places})", values)
    reached(Step.OPS_WRITTEN)
    connection.execute("commit")


def read_held(connection: duckdb_files.Connection) -> set[tuple[str, str, str]]:
    """Return (source, billing period, version) of what the open warehouse file knows to be newer than what it shows."""
    known = "select 1 from duckdb_tables() where schema_name = 'marts' and table_name = 'stale_periods'"
    if not connection.execute(known).fetchall():
        return set()
    return set(connection.execute("select x_source, billing_period, version from marts.stale_periods").fetchall())


def _held(connection: duckdb_files.Connection, ledger: Ledger) -> list[dict[str, Any]]:
    left_out = read_held(connection)
    return [
        {**asdict(one), "is_held": (one.source, one.billing_period, one.version) in left_out}
        for one in ledger.held_deliveries()
    ]


def _flat(alert: Alert) -> dict[str, Any]:
    found = alert.candidate
    return {**vars(alert), **vars(found), "alert_id": alert.alert_id, "billing_currency": found.currency}


def _as_published(deliveries: Sequence[Mapping[str, Any]], publication: Publication) -> list[Mapping[str, Any]]:
    """Return the deliveries as they stand with this publication, which the ledger learns of a moment later."""
    held = {(one.x_source, one.billing_period, one.version) for one in publication.partitions}
    return [
        {**row, "status": "published", "reason": "", "published_at": row["published_at"] or publication.published_at}
        if row["status"] in ("landed", "built")
        and (row["source"], row["billing_period"], row["content_version"] or row["version"]) in held
        else row
        for row in deliveries
    ]


def _compare(shadow: Shadow) -> list[dict[str, Any]]:
    of, preferred = shadow.receipt.delivery, shadow.preferred.delivery
    return [
        {
            **asdict(each),
            "difference": each.difference,
            "source": of.source,
            "version": of.version,
            "preferred_source": preferred.source,
            "preferred_version": preferred.version,
            "billing_period": of.period,
        }
        for each in compare_totals(shadow)
    ]


def read_publication(connection: duckdb_files.Connection) -> tuple[Any, ...] | None:
    """Return what the open warehouse file says of its own publication, None where it was never published.

    The fields are those of Publication in their order there, except that partitions come before lake builds.
    """
    known = connection.execute(
        "select 1 from duckdb_tables() where schema_name = 'ops' and table_name = 'publications'"
    ).fetchall()
    if not known:
        return None
    # A file of an earlier schema has no such column.
    held = {column for (column,) in connection.execute(_PUBLICATION_COLUMNS).fetchall()}
    tables_hash = "tables_hash" if "tables_hash" in held else "cast(null as varchar)"
    return connection.execute(
        "select build_id, schema_version, configuration_hash, published_at, partitions, lake_builds,"
        f" {tables_hash} from ops.publications where is_current"
    ).fetchone()


def read_times(connection: duckdb_files.Connection) -> dict[str, datetime]:
    """Return when (UTC) each publication that the open warehouse file remembers was published, by build id."""
    rows = connection.execute("select build_id, published_at from ops.publications").fetchall()
    return {build_id: published_at.replace(tzinfo=UTC) for build_id, published_at in rows}


def _stored(value: Any) -> Any:
    """Times are stored as UTC without a zone."""
    if isinstance(value, datetime) and value.tzinfo:
        return value.astimezone(UTC).replace(tzinfo=None)
    return list(value) if isinstance(value, tuple) else value
