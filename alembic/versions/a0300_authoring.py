"""The authors' work: drafts, tasks, proposals, notifications, reuse, schedules, confirmations, bulk changes."""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "a0300"
down_revision = "d0510"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bulk_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("change", sa.JSON(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_change")),
    )
    with op.batch_alter_table("bulk_change", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_bulk_change_actor"), ["actor"], unique=False)

    op.create_table(
        "article_reuse",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("revision_number", sa.Integer(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("case_number", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_article_reuse_article_id_article")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article_reuse")),
    )
    with op.batch_alter_table("article_reuse", schema=None) as batch_op:
        batch_op.create_index("ix_article_reuse_article", ["article_id", "created_at"], unique=False)

    op.create_table(
        "author_task",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("revision_number", sa.Integer(), nullable=False),
        sa.Column("open_key", sa.String(), nullable=True),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_author_task_article_id_article")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_author_task")),
        sa.UniqueConstraint("article_id", "open_key", name=op.f("uq_author_task_article_id")),
    )
    with op.batch_alter_table("author_task", schema=None) as batch_op:
        batch_op.create_index("ix_author_task_open", ["closed_at", "due_at"], unique=False)
        batch_op.create_index("ix_author_task_owner", ["owner", "closed_at", "due_at"], unique=False)

    op.create_table(
        "autosaved_draft",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=True),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("base_version", sa.Integer(), nullable=False),
        sa.Column("base_revision", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_autosaved_draft_article_id_article")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_autosaved_draft")),
        sa.UniqueConstraint("owner", "article_id", name=op.f("uq_autosaved_draft_owner")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("autosaved_draft", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_autosaved_draft_article_id"), ["article_id"], unique=False)

    op.create_table(
        "notification",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=True),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_notification_article_id_article")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification")),
    )
    with op.batch_alter_table("notification", schema=None) as batch_op:
        batch_op.create_index("ix_notification_recipient", ["recipient", "read_at"], unique=False)

    op.create_table(
        "proposal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=True),
        sa.Column("base_revision", sa.Integer(), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_proposal_article_id_article")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposal")),
    )
    with op.batch_alter_table("proposal", schema=None) as batch_op:
        batch_op.create_index("ix_proposal_article_state", ["article_id", "state"], unique=False)
        batch_op.create_index(batch_op.f("ix_proposal_state"), ["state"], unique=False)

    op.create_table(
        "release_confirmation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("product", sa.String(), nullable=False),
        sa.Column("release", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name=op.f("fk_release_confirmation_article_id_article")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_release_confirmation")),
        sa.UniqueConstraint("article_id", "product", "release", name=op.f("uq_release_confirmation_article_id")),
    )
    op.create_table(
        "scheduled_move",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("move", sa.String(), nullable=False),
        sa.Column("open_key", sa.String(), nullable=True),
        sa.Column("revision_number", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_scheduled_move_article_id_article")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scheduled_move")),
        sa.UniqueConstraint("article_id", "open_key", name=op.f("uq_scheduled_move_article_id")),
    )
    with op.batch_alter_table("scheduled_move", schema=None) as batch_op:
        batch_op.create_index("ix_scheduled_move_due", ["done_at", "due_at"], unique=False)

    op.create_table(
        "task_report",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("task_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("reporter", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("feedback_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["task_id"], ["author_task.id"], name=op.f("fk_task_report_task_id_author_task")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task_report")),
    )
    with op.batch_alter_table("task_report", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_task_report_feedback_id"), ["feedback_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_task_report_task_id"), ["task_id"], unique=False)

    with op.batch_alter_table("article", schema=None) as batch_op:
        batch_op.create_index("ix_article_owner", ["owner"], unique=False)

    with op.batch_alter_table("article_revision", schema=None) as batch_op:
        batch_op.create_index("ix_article_revision_author", ["author", "state"], unique=False)
        batch_op.create_index("ix_article_revision_state", ["state"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("article_revision", schema=None) as batch_op:
        batch_op.drop_index("ix_article_revision_state")
        batch_op.drop_index("ix_article_revision_author")

    with op.batch_alter_table("article", schema=None) as batch_op:
        batch_op.drop_index("ix_article_owner")

    with op.batch_alter_table("task_report", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_task_report_task_id"))
        batch_op.drop_index(batch_op.f("ix_task_report_feedback_id"))

    op.drop_table("task_report")
    with op.batch_alter_table("scheduled_move", schema=None) as batch_op:
        batch_op.drop_index("ix_scheduled_move_due")

    op.drop_table("scheduled_move")
    op.drop_table("release_confirmation")
    with op.batch_alter_table("proposal", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_proposal_state"))
        batch_op.drop_index("ix_proposal_article_state")

    op.drop_table("proposal")
    with op.batch_alter_table("notification", schema=None) as batch_op:
        batch_op.drop_index("ix_notification_recipient")

    op.drop_table("notification")
    with op.batch_alter_table("autosaved_draft", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_autosaved_draft_article_id"))

    op.drop_table("autosaved_draft")
    with op.batch_alter_table("author_task", schema=None) as batch_op:
        batch_op.drop_index("ix_author_task_owner")
        batch_op.drop_index("ix_author_task_open")

    op.drop_table("author_task")
    with op.batch_alter_table("article_reuse", schema=None) as batch_op:
        batch_op.drop_index("ix_article_reuse_article")

    op.drop_table("article_reuse")
    with op.batch_alter_table("bulk_change", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_bulk_change_actor"))

    op.drop_table("bulk_change")
