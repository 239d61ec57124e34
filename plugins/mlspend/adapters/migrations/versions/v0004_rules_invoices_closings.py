"""Rules as they were used, frozen exchange rates, invoices, closed billing periods; what a publication is made of."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("publications", sa.Column("tables_hash", sa.String(100)))
    op.create_table(
        "rule_versions",
        sa.Column("version", sa.String(100), primary_key=True),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("first_used_at", sa.DateTime(), nullable=False),
    )
    op.create_table(
        "exchange_rates",
        sa.Column("month", sa.String(7), primary_key=True),
        sa.Column("from_currency", sa.String(20), primary_key=True),
        sa.Column("to_currency", sa.String(20), primary_key=True),
        sa.Column("rate", sa.String(60), nullable=False),
        sa.Column("rate_date", sa.String(10)),
        sa.Column("frozen_at", sa.DateTime(), nullable=False),
    )
    op.create_table(
        "invoices",
        sa.Column("source", sa.String(100), primary_key=True),
        sa.Column("invoice_id", sa.String(200), primary_key=True),
        sa.Column("billing_period", sa.String(7), nullable=False),
        sa.Column("billing_account_id", sa.String(200), nullable=False),
        sa.Column("billing_currency", sa.String(20), nullable=False),
        sa.Column("total", sa.String(60), nullable=False),
        sa.Column("tax", sa.String(60)),
        sa.Column("credit", sa.String(60)),
        sa.Column("issued_at", sa.DateTime()),
        sa.Column("taken_from", sa.Text(), nullable=False),
        sa.Column("taken_at", sa.DateTime(), nullable=False),
    )
    op.create_table(
        "closed_periods",
        sa.Column("source", sa.String(100), primary_key=True),
        sa.Column("billing_period", sa.String(7), primary_key=True),
        sa.Column("closed_at", sa.DateTime(), nullable=False),
        sa.Column("closed_by", sa.String(200), nullable=False),
        sa.Column("build_id", sa.String(100), nullable=False),
        sa.Column("rules", sa.String(100), nullable=False),
    )
    op.create_table(
        "closed_spend",
        sa.Column("sequence", sa.Integer(), primary_key=True),
        sa.Column("source", sa.String(100), nullable=False),
        sa.Column("statement_period", sa.String(7), nullable=False),
        sa.Column("billing_period", sa.String(7), nullable=False),
        sa.Column("billing_account_id", sa.String(200)),
        sa.Column("sub_account_id", sa.String(200)),
        sa.Column("service_name", sa.Text()),
        sa.Column("charge_category", sa.String(40)),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("ml_stage", sa.Text(), nullable=False),
        sa.Column("is_shared_cost", sa.Boolean(), nullable=False),
        sa.Column("billing_currency", sa.String(20), nullable=False),
        sa.Column("billed_cost", sa.String(60), nullable=False),
        sa.Column("effective_cost", sa.String(60), nullable=False),
    )


def downgrade() -> None:
    for table in ("closed_spend", "closed_periods", "invoices", "exchange_rates", "rule_versions"):
        op.drop_table(table)
    op.drop_column("publications", "tables_hash")
