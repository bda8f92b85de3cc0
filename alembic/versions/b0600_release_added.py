"""When a release became known, so that what was written before it is asked about and what came after is not."""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "b0600"
down_revision = "a0500"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("release", schema=None) as batch_op:
        batch_op.add_column(sa.Column("added_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("release", schema=None) as batch_op:
        batch_op.drop_column("added_at")
