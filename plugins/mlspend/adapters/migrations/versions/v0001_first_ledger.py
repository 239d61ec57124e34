"""Deliveries with their receipts, currencies of billing accounts, publications, messages."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "deliveries",
        sa.Column("source", sa.String(100), primary_key=True),
        sa.Column("billing_period", sa.String(7), primary_key=True),
        sa.Column("version", sa.String(200), primary_key=True),
        sa.Column("export_kind", sa.String(50), nullable=False),
        sa.Column("delivered_at", sa.DateTime(), nullable=False),
        sa.Column("seen_at", sa.DateTime(), nullable=False),
        sa.Column("landed_at", sa.DateTime()),
        sa.Column("rejected_at", sa.DateTime()),
        sa.Column("rejection_reason", sa.Text()),
        sa.Column("file_count", sa.Integer(), nullable=False),
        sa.Column("byte_count", sa.BigInteger(), nullable=False),
        sa.Column("row_count", sa.BigInteger()),
        sa.Column("receipt", sa.Text()),
    )
    op.create_table(
        "billing_currencies",
        sa.Column("source", sa.String(100), primary_key=True),
        sa.Column("billing_account_id", sa.String(200), primary_key=True),
        sa.Column("billing_currency", sa.String(50), nullable=False),
        sa.Column("recorded_at", sa.DateTime(), nullable=False),
    )
    op.create_table(
        "publications",
        sa.Column("sequence", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("build_id", sa.String(100), nullable=False, unique=True),
        sa.Column("schema_version", sa.String(50), nullable=False),
        sa.Column("configuration_hash", sa.String(100), nullable=False),
        sa.Column("published_at", sa.DateTime(), nullable=False),
        sa.Column("partitions", sa.Text(), nullable=False),
        sa.Column("lake_builds", sa.Text(), nullable=False),
    )
    op.create_table(
        "messages",
        sa.Column("message_key", sa.String(300), primary_key=True),
        sa.Column("kind", sa.String(50), nullable=False),
        sa.Column("destination", sa.String(300), nullable=False),
        sa.Column("claimed_at", sa.DateTime(), nullable=False),
        sa.Column("sent_at", sa.DateTime()),
        sa.Column("reference", sa.String(500)),
    )


def downgrade() -> None:
    for table in ("messages", "publications", "billing_currencies", "deliveries"):
        op.drop_table(table)
