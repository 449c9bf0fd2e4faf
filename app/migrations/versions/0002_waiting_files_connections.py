"""What the engine needs to wait, cancel, nest and keep large values and bare numbers; and connections."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from engine.models import Json, UtcDateTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the columns and tables."""
    if op.get_bind().dialect.name == "sqlite":
        keep_as_text("workflow_executions", "input", "result")
        keep_as_text("workflow_execution_logs", "input", "output")
    widen_executions()
    widen_log()
    create_waits()
    create_connections()


def keep_as_text(table: str, *columns: str) -> None:
    """Give the columns the type that leaves bare numbers alone; what is a number now becomes its text."""
    for name in columns:  # as bytes, since copying would cut numbers to 15 digits
        op.execute(_set(table, name, where="real", to=sa.cast(sa.func.quote(sa.column(name)), sa.LargeBinary)))
    with op.batch_alter_table(table) as batch:
        for name in columns:
            batch.alter_column(name, type_=Json())
    for name in columns:
        op.execute(_set(table, name, where="blob", to=sa.cast(sa.column(name), sa.Text)))


def _set(table: str, column: str, *, where: str, to: sa.ColumnElement[Any]) -> sa.Update:
    of_type = sa.func.typeof(sa.column(column)) == where
    return sa.update(sa.table(table, sa.column(column))).where(of_type).values({column: to})


def widen_executions() -> None:
    for column in (
        sa.Column("result_file", sa.JSON()),
        sa.Column("is_woken", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("cancel_requested_at", UtcDateTime()),
        sa.Column("priority", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("max_running", sa.Integer()),
        sa.Column("parent_id", sa.String()),
        sa.Column("depth", sa.Integer(), nullable=False, server_default="0"),
    ):
        op.add_column("workflow_executions", column)
    op.create_index("ix_executions_due", "workflow_executions", ["status", "resume_at"])
    is_woken = sa.text("is_woken")
    op.create_index(
        "ix_executions_woken", "workflow_executions", ["is_woken"], sqlite_where=is_woken, postgresql_where=is_woken
    )
    op.create_index("ix_executions_parent", "workflow_executions", ["parent_id"])
    op.create_index("ix_executions_completed", "workflow_executions", ["workflow_id", "completed_at"])


def widen_log() -> None:
    for column in (
        sa.Column("effect", sa.JSON()),
        sa.Column("resume_at", UtcDateTime()),
        sa.Column("files", sa.JSON()),
    ):
        op.add_column("workflow_execution_logs", column)


def create_waits() -> None:
    execution = sa.ForeignKey("workflow_executions.id", ondelete="CASCADE")
    op.create_table(
        "workflow_execution_waits",
        sa.Column("execution_id", sa.String(), execution, primary_key=True),
        sa.Column("seq", sa.Integer(), primary_key=True),
        sa.Column("node_id", sa.String(), nullable=False),
        sa.Column("iteration", sa.JSON(), nullable=False),
        sa.Column("token_hash", sa.String(), unique=True),
        sa.Column("approvers", sa.JSON()),
        sa.Column("expires_at", UtcDateTime()),
        sa.Column("answer", Json()),
        sa.Column("answered_at", UtcDateTime()),
    )


def create_connections() -> None:
    op.create_table(
        "connections",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("workspace_id", sa.String(), sa.ForeignKey("workspaces.id"), nullable=False),
        sa.Column("user_id", sa.String(), sa.ForeignKey("users.id"), nullable=False),
        sa.Column("plugin", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("credentials", sa.String(), nullable=False),
        sa.Column("base_url", sa.String()),
        sa.Column("last_used_at", UtcDateTime()),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
    )
    op.create_index("ix_connections_workspace_id", "connections", ["workspace_id"])
