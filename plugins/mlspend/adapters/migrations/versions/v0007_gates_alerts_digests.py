"""Deliveries that gates hold back, alerts, what digests were made of, requests of Slack."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "held_deliveries",
        sa.Column("source", sa.String(200), primary_key=True),
        sa.Column("billing_period", sa.String(200), primary_key=True),
        sa.Column("version", sa.String(200), primary_key=True),
        sa.Column("gates", sa.String(200)),
        sa.Column("held_since", sa.DateTime()),
        sa.Column("checked_at", sa.DateTime()),
        sa.Column("reasons", sa.Text()),
        sa.Column("build_id", sa.String(200)),
        sa.Column("results", sa.Text()),
        sa.Column("released_at", sa.DateTime()),
        sa.Column("accepted_at", sa.DateTime()),
        sa.Column("accepted_by", sa.String(200)),
        sa.Column("accept_reason", sa.Text()),
        sa.Column("acceptances", sa.Text()),
    )
    op.create_table(
        "alerts",
        sa.Column("alert_id", sa.String(200), primary_key=True),
        sa.Column("fingerprint", sa.Text()),
        sa.Column("kind", sa.String(200)),
        sa.Column("level", sa.String(200)),
        sa.Column("team", sa.Text()),
        sa.Column("scope", sa.Text()),
        sa.Column("title", sa.Text()),
        sa.Column("facts", sa.Text()),
        sa.Column("amount", sa.String(200)),
        sa.Column("billing_currency", sa.String(200)),
        sa.Column("opened_at", sa.DateTime()),
        sa.Column("seen_at", sa.DateTime()),
        sa.Column("resolved_at", sa.DateTime()),
        sa.Column("eased_at", sa.DateTime()),
        sa.Column("state", sa.String(200)),
        sa.Column("state_by", sa.String(200)),
        sa.Column("state_at", sa.DateTime()),
        sa.Column("snoozed_until", sa.DateTime()),
        sa.Column("notified_at", sa.DateTime()),
        sa.Column("notified_level", sa.String(200)),
        sa.Column("notified_amount", sa.String(200)),
        sa.Column("notified_stage", sa.Integer()),
        sa.Column("notified_count", sa.Integer()),
        sa.Column("places", sa.Text()),
    )
    op.create_table(
        "alert_events",
        sa.Column("sequence", sa.Integer(), primary_key=True),
        sa.Column("alert_id", sa.String(200)),
        sa.Column("happened_at", sa.DateTime()),
        sa.Column("event", sa.String(200)),
        sa.Column("team", sa.Text()),
        sa.Column("by", sa.String(200)),
        sa.Column("level", sa.String(200)),
        sa.Column("amount", sa.String(200)),
        sa.Column("note", sa.Text()),
    )
    op.create_table(
        "digests",
        sa.Column("message_key", sa.String(200), primary_key=True),
        sa.Column("week", sa.String(200)),
        sa.Column("channel", sa.String(200)),
        sa.Column("teams", sa.Text()),
        sa.Column("build_id", sa.String(200)),
        sa.Column("composed_at", sa.DateTime()),
        sa.Column("inputs", sa.Text()),
        sa.Column("content_hash", sa.String(200)),
    )
    op.create_table(
        "slack_requests",
        sa.Column("request_id", sa.String(200), primary_key=True),
        sa.Column("received_at", sa.DateTime()),
    )


def downgrade() -> None:
    op.drop_table("slack_requests")
    op.drop_table("digests")
    op.drop_table("alert_events")
    op.drop_table("alerts")
    op.drop_table("held_deliveries")
