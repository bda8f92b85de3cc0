"""Words that the database searches by while the index is out."""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "o1200"
down_revision = "a0403"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "article_word",
        sa.Column("word", sa.String(), nullable=False),
        sa.Column("article_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("word", "article_id", name=op.f("pk_article_word")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_article_word_article_id", "article_word", ["article_id"], unique=False)
    op.create_table(
        "worded_article",
        sa.Column("article_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("revision_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("article_id", name=op.f("pk_worded_article")),
    )


def downgrade() -> None:
    op.drop_table("worded_article")
    op.drop_index("ix_article_word_article_id", table_name="article_word")
    op.drop_table("article_word")
