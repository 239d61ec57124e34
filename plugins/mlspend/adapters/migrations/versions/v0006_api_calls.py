"""Requests to the provider's APIs, which may cost money."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_calls",
        sa.Column("sequence", sa.Integer(), primary_key=True),
        sa.Column("called_at", sa.DateTime(), nullable=False),
        sa.Column("service", sa.String(100), nullable=False),
        sa.Column("operation", sa.String(100), nullable=False),
        sa.Column("source", sa.String(100), nullable=False),
        sa.Column("call_count", sa.Integer(), nullable=False),
        sa.Column("estimated_cost", sa.String(60)),
    )


def downgrade() -> None:
    op.drop_table("api_calls")
