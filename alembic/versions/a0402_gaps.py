"""Gaps and the questions that show them."""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "a0402"
down_revision = "a0300"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "gap",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("product", sa.String(), nullable=False),
        sa.Column("product_version", sa.String(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("demand", sa.Integer(), nullable=False),
        sa.Column("strength", sa.Double(), nullable=False),
        sa.Column("weight", sa.Double(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("draft_article_id", sa.Integer(), nullable=True),
        sa.Column("times_reopened", sa.Integer(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("turned_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["draft_article_id"], ["article.id"], name=op.f("fk_gap_draft_article_id_article")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gap")),
    )
    with op.batch_alter_table("gap", schema=None) as batch_op:
        batch_op.create_index("ix_gap_rank", ["state", "weight", "id"], unique=False)
    op.create_table(
        "gap_sighting",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("gap_id", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("asker", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("os", sa.String(), nullable=False),
        sa.Column("offered", sa.JSON(), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["gap_id"], ["gap.id"], name=op.f("fk_gap_sighting_gap_id_gap")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gap_sighting")),
        sa.UniqueConstraint("reference", name=op.f("uq_gap_sighting_reference")),
    )
    with op.batch_alter_table("gap_sighting", schema=None) as batch_op:
        batch_op.create_index("ix_gap_sighting_gap", ["gap_id", "seen_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_gap_sighting_seen_at"), ["seen_at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("gap_sighting", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_gap_sighting_seen_at"))
        batch_op.drop_index("ix_gap_sighting_gap")
    op.drop_table("gap_sighting")
    with op.batch_alter_table("gap", schema=None) as batch_op:
        batch_op.drop_index("ix_gap_rank")
    op.drop_table("gap")
