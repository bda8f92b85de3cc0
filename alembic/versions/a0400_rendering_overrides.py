"""Overrides of an article's forms per channel."""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "a0400"
down_revision = "c0700"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rendering_override",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("revision_number", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_rendering_override_article_id_article")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rendering_override")),
        sa.UniqueConstraint("article_id", "channel", name=op.f("uq_rendering_override_article_id")),
    )
    with op.batch_alter_table("rendering_override", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_rendering_override_article_id"), ["article_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("rendering_override", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_rendering_override_article_id"))
    op.drop_table("rendering_override")
