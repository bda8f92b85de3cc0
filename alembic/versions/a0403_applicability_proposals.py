"""Proposed applicability of imported articles."""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "a0403"
down_revision = "d0520"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "applicability_proposal",
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("product", sa.String(), nullable=False),
        sa.Column("evidence", sa.String(), nullable=False),
        sa.Column("margin", sa.Double(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name=op.f("fk_applicability_proposal_article_id_article")
        ),
        sa.PrimaryKeyConstraint("article_id", name=op.f("pk_applicability_proposal")),
    )
    with op.batch_alter_table("applicability_proposal", schema=None) as batch_op:
        batch_op.create_index("ix_applicability_proposal_group", ["state", "product", "evidence"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("applicability_proposal", schema=None) as batch_op:
        batch_op.drop_index("ix_applicability_proposal_group")
    op.drop_table("applicability_proposal")
