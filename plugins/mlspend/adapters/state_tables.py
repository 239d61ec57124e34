"""The state store's tables: what has happened and what somebody decided. Amounts are text, times UTC."""

from datetime import UTC, datetime

import sqlalchemy as sa


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """TIMESTAMP without zone holding UTC; aware datetimes in Python (a naive one counts as UTC)."""

    impl = sa.DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002
        """Store UTC."""
        return value.astimezone(UTC).replace(tzinfo=None) if value is not None and value.tzinfo else value

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002
        """Give UTC."""
        return value.replace(tzinfo=UTC) if value is not None else None


metadata = sa.MetaData()
deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("source", sa.String, primary_key=True),
    sa.Column("billing_period", sa.String, primary_key=True),
    sa.Column("version", sa.String, primary_key=True),
    sa.Column("export_kind", sa.String),
    sa.Column("delivered_at", UtcDateTime),
    sa.Column("seen_at", UtcDateTime),
    sa.Column("landed_at", UtcDateTime),
    sa.Column("rejected_at", UtcDateTime),
    sa.Column("rejection_reason", sa.Text),
    sa.Column("file_count", sa.Integer),
    sa.Column("byte_count", sa.BigInteger),
    sa.Column("row_count", sa.BigInteger),
    sa.Column("receipt", sa.Text),
    sa.Column("manifest_uri", sa.Text),
    sa.Column("content_version", sa.String),
    sa.Column("billed_costs", sa.Text),
    sa.Column("shadow_of", sa.String),
    sa.Column("built_at", UtcDateTime),
    sa.Column("published_at", UtcDateTime),
    sa.Column("lines_removed_at", UtcDateTime),
)
dead_letters = sa.Table(
    "dead_letters",
    metadata,
    sa.Column("sequence", sa.Integer, primary_key=True),
    sa.Column("source", sa.String),
    sa.Column("message_id", sa.String),
    sa.Column("received_at", UtcDateTime),
    sa.Column("reason", sa.Text),
    sa.Column("body", sa.Text),
)
watched_sources = sa.Table(
    "watched_sources",
    metadata,
    sa.Column("source", sa.String, primary_key=True),
    sa.Column("watched_since", UtcDateTime),
    sa.Column("looked_at", UtcDateTime),
)
billing_currencies = sa.Table(
    "billing_currencies",
    metadata,
    sa.Column("source", sa.String, primary_key=True),
    sa.Column("billing_account_id", sa.String, primary_key=True),
    sa.Column("billing_currency", sa.String),
    sa.Column("recorded_at", UtcDateTime),
)
publications = sa.Table(
    "publications",
    metadata,
    sa.Column("sequence", sa.Integer, primary_key=True),
    sa.Column("build_id", sa.String),
    sa.Column("schema_version", sa.String),
    sa.Column("configuration_hash", sa.String),
    sa.Column("published_at", UtcDateTime),
    sa.Column("partitions", sa.Text),
    sa.Column("lake_builds", sa.Text),
    sa.Column("tables_hash", sa.String),
)
messages = sa.Table(
    "messages",
    metadata,
    sa.Column("message_key", sa.String, primary_key=True),
    sa.Column("kind", sa.String),
    sa.Column("destination", sa.String),
    sa.Column("claimed_at", UtcDateTime),
    sa.Column("sent_at", UtcDateTime),
    sa.Column("reference", sa.String),
)
rule_versions = sa.Table(
    "rule_versions",
    metadata,
    sa.Column("version", sa.String, primary_key=True),
    sa.Column("rules", sa.Text),
    sa.Column("first_used_at", UtcDateTime),
)
exchange_rates = sa.Table(
    "exchange_rates",
    metadata,
    sa.Column("month", sa.String, primary_key=True),
    sa.Column("from_currency", sa.String, primary_key=True),
    sa.Column("to_currency", sa.String, primary_key=True),
    sa.Column("rate", sa.String),
    sa.Column("rate_date", sa.String),
    sa.Column("frozen_at", UtcDateTime),
)
invoices = sa.Table(
    "invoices",
    metadata,
    sa.Column("source", sa.String, primary_key=True),
    sa.Column("invoice_id", sa.String, primary_key=True),
    sa.Column("billing_period", sa.String),
    sa.Column("billing_account_id", sa.String),
    sa.Column("billing_currency", sa.String),
    sa.Column("total", sa.String),
    sa.Column("tax", sa.String),
    sa.Column("credit", sa.String),
    sa.Column("issued_at", UtcDateTime),
    sa.Column("taken_from", sa.Text),
    sa.Column("taken_at", UtcDateTime),
)
api_calls = sa.Table(
    "api_calls",
    metadata,
    sa.Column("sequence", sa.Integer, primary_key=True),
    sa.Column("called_at", UtcDateTime),
    sa.Column("service", sa.String),
    sa.Column("operation", sa.String),
    sa.Column("source", sa.String),
    sa.Column("call_count", sa.Integer),
    sa.Column("estimated_cost", sa.String),
)
closed_periods = sa.Table(
    "closed_periods",
    metadata,
    sa.Column("source", sa.String, primary_key=True),
    sa.Column("billing_period", sa.String, primary_key=True),
    sa.Column("closed_at", UtcDateTime),
    sa.Column("closed_by", sa.String),
    sa.Column("build_id", sa.String),
    sa.Column("rules", sa.String),
    sa.Column("note", sa.Text),
)
reopened_periods = sa.Table(
    "reopened_periods",
    metadata,
    sa.Column("sequence", sa.Integer, primary_key=True),
    sa.Column("source", sa.String),
    sa.Column("billing_period", sa.String),
    sa.Column("closed_at", UtcDateTime),
    sa.Column("closed_by", sa.String),
    sa.Column("reopened_at", UtcDateTime),
    sa.Column("reopened_by", sa.String),
)
closed_spend = sa.Table(
    "closed_spend",
    metadata,
    sa.Column("sequence", sa.Integer, primary_key=True),
    sa.Column("source", sa.String),
    sa.Column("statement_period", sa.String),
    sa.Column("billing_period", sa.String),
    sa.Column("billing_account_id", sa.String),
    sa.Column("sub_account_id", sa.String),
    sa.Column("service_name", sa.Text),
    sa.Column("charge_category", sa.String),
    sa.Column("project", sa.Text),
    sa.Column("team", sa.Text),
    sa.Column("environment", sa.Text),
    sa.Column("ml_stage", sa.Text),
    sa.Column("is_shared_cost", sa.Boolean),
    sa.Column("billing_currency", sa.String),
    sa.Column("billed_cost", sa.String),
    sa.Column("effective_cost", sa.String),
)
held_deliveries = sa.Table(
    "held_deliveries",
    metadata,
    sa.Column("source", sa.String, primary_key=True),
    sa.Column("billing_period", sa.String, primary_key=True),
    sa.Column("version", sa.String, primary_key=True),
    sa.Column("gates", sa.String),
    sa.Column("held_since", UtcDateTime),
    sa.Column("checked_at", UtcDateTime),
    sa.Column("reasons", sa.Text),
    sa.Column("build_id", sa.String),
    sa.Column("results", sa.Text),
    sa.Column("released_at", UtcDateTime),
    sa.Column("accepted_at", UtcDateTime),
    sa.Column("accepted_by", sa.String),
    sa.Column("accept_reason", sa.Text),
    sa.Column("acceptances", sa.Text),
)
alerts = sa.Table(
    "alerts",
    metadata,
    sa.Column("alert_id", sa.String, primary_key=True),
    sa.Column("fingerprint", sa.Text),
    sa.Column("kind", sa.String),
    sa.Column("level", sa.String),
    sa.Column("team", sa.Text),
    sa.Column("scope", sa.Text),
    sa.Column("title", sa.Text),
    sa.Column("facts", sa.Text),
    sa.Column("amount", sa.String),
    sa.Column("billing_currency", sa.String),
    sa.Column("opened_at", UtcDateTime),
    sa.Column("seen_at", UtcDateTime),
    sa.Column("resolved_at", UtcDateTime),
    sa.Column("eased_at", UtcDateTime),
    sa.Column("state", sa.String),
    sa.Column("state_by", sa.String),
    sa.Column("state_at", UtcDateTime),
    sa.Column("snoozed_until", UtcDateTime),
    sa.Column("notified_at", UtcDateTime),
    sa.Column("notified_level", sa.String),
    sa.Column("notified_amount", sa.String),
    sa.Column("notified_stage", sa.Integer),
    sa.Column("notified_count", sa.Integer),
    sa.Column("places", sa.Text),
)
alert_events = sa.Table(
    "alert_events",
    metadata,
    sa.Column("sequence", sa.Integer, primary_key=True),
    sa.Column("alert_id", sa.String),
    sa.Column("happened_at", UtcDateTime),
    sa.Column("event", sa.String),
    sa.Column("team", sa.Text),
    sa.Column("by", sa.String),
    sa.Column("level", sa.String),
    sa.Column("amount", sa.String),
    sa.Column("note", sa.Text),
)
digests = sa.Table(
    "digests",
    metadata,
    sa.Column("message_key", sa.String, primary_key=True),
    sa.Column("week", sa.String),
    sa.Column("channel", sa.String),
    sa.Column("teams", sa.Text),
    sa.Column("build_id", sa.String),
    sa.Column("composed_at", UtcDateTime),
    sa.Column("inputs", sa.Text),
    sa.Column("content_hash", sa.String),
)
slack_requests = sa.Table(
    "slack_requests",
    metadata,
    sa.Column("request_id", sa.String, primary_key=True),
    sa.Column("received_at", UtcDateTime),
)
