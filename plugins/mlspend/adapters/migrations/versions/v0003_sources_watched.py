"""Since when a source is watched, and when all that lies there was last listed."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "watched_sources",
        sa.Column("source", sa.String(100), primary_key=True),
        sa.Column("watched_since", sa.DateTime(), nullable=False),
        sa.Column("looked_at", sa.DateTime()),
    )


def downgrade() -> None:
    op.drop_table("watched_sources")
