"""Pairs of alike articles, flawed links, how far the scan is."""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "a0401"
down_revision = "d0500"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "duplicate_pair",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("low_id", sa.Integer(), nullable=False),
        sa.Column("high_id", sa.Integer(), nullable=False),
        sa.Column("likeness", sa.Double(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["high_id"], ["article.id"], name=op.f("fk_duplicate_pair_high_id_article")),
        sa.ForeignKeyConstraint(["low_id"], ["article.id"], name=op.f("fk_duplicate_pair_low_id_article")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duplicate_pair")),
        sa.UniqueConstraint("low_id", "high_id", name=op.f("uq_duplicate_pair_low_id")),
    )
    with op.batch_alter_table("duplicate_pair", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_duplicate_pair_high_id"), ["high_id"], unique=False)
        batch_op.create_index("ix_duplicate_pair_open", ["state", "likeness"], unique=False)
    op.create_table(
        "duplicate_scan",
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("index_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_duplicate_scan_article_id_article")),
        sa.PrimaryKeyConstraint("article_id", name=op.f("pk_duplicate_scan")),
    )
    op.create_table(
        "link_finding",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_link_finding_article_id_article")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_finding")),
    )
    with op.batch_alter_table("link_finding", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_link_finding_article_id"), ["article_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("link_finding", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_link_finding_article_id"))
    op.drop_table("link_finding")
    op.drop_table("duplicate_scan")
    with op.batch_alter_table("duplicate_pair", schema=None) as batch_op:
        batch_op.drop_index("ix_duplicate_pair_open")
        batch_op.drop_index(batch_op.f("ix_duplicate_pair_high_id"))
    op.drop_table("duplicate_pair")
