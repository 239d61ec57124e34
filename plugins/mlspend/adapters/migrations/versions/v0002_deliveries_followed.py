"""What became of a delivery after landing, where its content was seen before, and messages nobody could read."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ADDED = (
    sa.Column("manifest_uri", sa.Text()),
    sa.Column("content_version", sa.String(200)),
    sa.Column("billed_costs", sa.Text()),
    sa.Column("shadow_of", sa.String(100)),
    sa.Column("built_at", sa.DateTime()),
    sa.Column("published_at", sa.DateTime()),
    sa.Column("lines_removed_at", sa.DateTime()),
)


def upgrade() -> None:
    for column in _ADDED:
        op.add_column("deliveries", column.copy())
    op.create_table(
        "dead_letters",
        sa.Column("sequence", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("source", sa.String(100), nullable=False),
        sa.Column("message_id", sa.String(200), nullable=False, unique=True),
        sa.Column("received_at", sa.DateTime(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("dead_letters")
    for column in _ADDED:
        op.drop_column("deliveries", column.name)
