"""Replies and the mails that carry them."""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "c0710"
down_revision = "o1200"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("case", schema=None) as batch_op:
        batch_op.add_column(sa.Column("preferred", sa.JSON(), server_default="{}", nullable=False))
    with op.batch_alter_table("interaction", schema=None) as batch_op:
        batch_op.add_column(sa.Column("detail", sa.JSON(), server_default="{}", nullable=False))
        batch_op.add_column(sa.Column("shown_at", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("case_article", schema=None) as batch_op:
        batch_op.add_column(sa.Column("interaction_id", sa.Integer(), nullable=True))
        batch_op.drop_constraint(op.f("uq_case_article_case_id"), type_="unique")
        batch_op.create_unique_constraint(
            op.f("uq_case_article_case_id"), ["case_id", "article_id", "use", "interaction_id"]
        )
        batch_op.create_foreign_key(
            op.f("fk_case_article_interaction_id_interaction"), "interaction", ["interaction_id"], ["id"]
        )
    op.create_table(
        "outgoing_mail",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=True),
        sa.Column("interaction_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("in_reply_to", sa.String(), nullable=False),
        sa.Column("references", sa.Text(), nullable=False),
        sa.Column("to_address", sa.String(), nullable=False),
        sa.Column("to_name", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("send_after", sa.DateTime(timezone=True), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_outgoing_mail_case_id_case")),
        sa.ForeignKeyConstraint(
            ["interaction_id"], ["interaction.id"], name=op.f("fk_outgoing_mail_interaction_id_interaction")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outgoing_mail")),
        sa.UniqueConstraint("interaction_id", name=op.f("uq_outgoing_mail_interaction_id")),
        sa.UniqueConstraint("message_id", name=op.f("uq_outgoing_mail_message_id")),
    )
    with op.batch_alter_table("outgoing_mail", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_outgoing_mail_case_id"), ["case_id"], unique=False)
        batch_op.create_index("ix_outgoing_mail_due", ["state", "send_after"], unique=False)
    op.create_table(
        "solved_answer",
        sa.Column("interaction_id", sa.Integer(), nullable=False),
        sa.Column("is_solved", sa.Boolean(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["interaction_id"], ["interaction.id"], name=op.f("fk_solved_answer_interaction_id_interaction")
        ),
        sa.PrimaryKeyConstraint("interaction_id", name=op.f("pk_solved_answer")),
    )
    op.create_table(
        "snippet",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_snippet")),
        sa.UniqueConstraint("title", name=op.f("uq_snippet_title")),
    )


def downgrade() -> None:
    op.drop_table("snippet")
    op.drop_table("solved_answer")
    op.drop_table("outgoing_mail")
    op.execute("DELETE FROM case_article WHERE interaction_id IS NOT NULL")
    with op.batch_alter_table("case_article", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("fk_case_article_interaction_id_interaction"), type_="foreignkey")
        batch_op.drop_constraint(op.f("uq_case_article_case_id"), type_="unique")
        batch_op.drop_column("interaction_id")
        batch_op.create_unique_constraint(op.f("uq_case_article_case_id"), ["case_id", "article_id", "use"])
    with op.batch_alter_table("interaction", schema=None) as batch_op:
        batch_op.drop_column("shown_at")
        batch_op.drop_column("detail")
    with op.batch_alter_table("case", schema=None) as batch_op:
        batch_op.drop_column("preferred")
