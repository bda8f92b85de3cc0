"""Pins and synonym sets: scoped by version and system, versioned, with who made them."""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "a0500"
down_revision = "c0710"
branch_labels = None
depends_on = None

TABLES = ("pin", "synonym_set")


def upgrade() -> None:
    for table in TABLES:
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.add_column(sa.Column("versions", sa.String(), nullable=True))
            batch_op.add_column(sa.Column("os", sa.String(), nullable=True))
            batch_op.add_column(sa.Column("created_by", sa.String(), nullable=False, server_default=""))
            batch_op.add_column(sa.Column("version", sa.Integer(), nullable=False, server_default="1"))


def downgrade() -> None:
    for table in TABLES:
        with op.batch_alter_table(table, schema=None) as batch_op:
            for column in ("version", "created_by", "os", "versions"):
                batch_op.drop_column(column)
