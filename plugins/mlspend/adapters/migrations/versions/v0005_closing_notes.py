"""Why a billing period was closed although provisional; closings that were taken back."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("closed_periods", sa.Column("note", sa.Text()))
    op.create_table(
        "reopened_periods",
        sa.Column("sequence", sa.Integer(), primary_key=True),
        sa.Column("source", sa.String(100), nullable=False),
        sa.Column("billing_period", sa.String(7), nullable=False),
        sa.Column("closed_at", sa.DateTime(), nullable=False),
        sa.Column("closed_by", sa.String(200), nullable=False),
        sa.Column("reopened_at", sa.DateTime(), nullable=False),
        sa.Column("reopened_by", sa.String(200), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("reopened_periods")
    op.drop_column("closed_periods", "note")
