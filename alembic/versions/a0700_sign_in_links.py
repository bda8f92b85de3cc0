"""Sign-in links, and sessions of customers who have no account."""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "a0700"
down_revision = "c0920"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sign_in_link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("next_path", sa.String(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("token_hash", sa.String(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_link")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_sign_in_link_token_hash")),
    )
    with op.batch_alter_table("sign_in_link", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sign_in_link_email"), ["email"], unique=False)
        batch_op.create_index(batch_op.f("ix_sign_in_link_decided_at"), ["decided_at"], unique=False)
    with op.batch_alter_table("browser_session", schema=None) as batch_op:
        batch_op.alter_column("user_id", existing_type=sa.Integer(), nullable=True)
        batch_op.add_column(sa.Column("customer_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("name", sa.String(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("reads", sa.JSON(), nullable=True))
        batch_op.create_foreign_key(
            batch_op.f("fk_browser_session_customer_id_customer"), "customer", ["customer_id"], ["id"]
        )
        batch_op.create_index(batch_op.f("ix_browser_session_customer_id"), ["customer_id"], unique=False)


def downgrade() -> None:
    op.execute("DELETE FROM browser_session WHERE user_id IS NULL")
    with op.batch_alter_table("browser_session", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_browser_session_customer_id"))
        batch_op.drop_constraint(batch_op.f("fk_browser_session_customer_id_customer"), type_="foreignkey")
        for column in ("reads", "name", "customer_id"):
            batch_op.drop_column(column)
        batch_op.alter_column("user_id", existing_type=sa.Integer(), nullable=False)
    op.drop_table("sign_in_link")
