"""The engine's tables: executions, their append-only log, and what they wait for."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, Column, DateTime, Index, Text, TypeDecorator, UniqueConstraint, text
from sqlalchemy.ext.compiler import compiles
from sqlmodel import Field, SQLModel

from engine.ids import new_id


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC, aware on both databases (SQLite keeps no zone)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        return value.replace(tzinfo=UTC) if value and value.tzinfo is None else value


class Json(JSON):
    """Any JSON value, a bare number too, which SQLite would round in a column that it doesn't know as text."""


@compiles(Json, "sqlite")
def _compile_json(_type: Json, _compiler: Any, **_options: Any) -> str:
    return "TEXT"


def utc_now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


class Execution(SQLModel, table=True):
    """One run of a workflow, with its own copy of the definition.

    `priority` 0 comes first; `max_running` is how many of its workflow may be open before it starts, None any;
    `is_woken` says that something has come for it (an answer, a cancellation, the end of a child) since it was
    claimed last; `result_file` that `result` is a preview, as `ExecutionLog.files` does.
    """

    __tablename__ = "workflow_executions"
    __table_args__ = (
        Index("ix_executions_workflow", "workflow_id", "id"),
        Index("ix_executions_claim", "status", "claimed_until"),
        Index("ix_executions_due", "status", "resume_at"),
        Index("ix_executions_woken", "is_woken", sqlite_where=text("is_woken"), postgresql_where=text("is_woken")),
        Index("ix_executions_parent", "parent_id"),
        Index("ix_executions_completed", "workflow_id", "completed_at"),
        UniqueConstraint("workflow_id", "idempotency_key"),
    )

    id: str = Field(default_factory=lambda: new_id("ex"), primary_key=True)
    workflow_id: str
    workflow_name: str = ""
    version: int | None = None
    definition: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    trigger: str = "manual"
    status: str = "pending"
    input: Any = Field(default=None, sa_column=Column(Json))
    result: Any = Field(default=None, sa_column=Column(Json))
    result_file: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    error: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    started_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    completed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    resume_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    claimed_by: str | None = None
    claimed_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    is_woken: bool = False
    cancel_requested_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    priority: int = 0
    max_running: int | None = None
    parent_id: str | None = None
    depth: int = 0
    retry_of: str | None = None
    idempotency_key: str | None = None
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    updated_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class ExecutionLog(SQLModel, table=True):
    """One event of an execution, as `engine.events.Event` describes it."""

    __tablename__ = "workflow_execution_logs"

    execution_id: str = Field(foreign_key="workflow_executions.id", primary_key=True, ondelete="CASCADE")
    seq: int = Field(primary_key=True)
    node_id: str | None = None
    iteration: list[int] = Field(sa_column=Column(JSON, nullable=False))
    attempt: int
    status: str
    input: Any = Field(default=None, sa_column=Column(Json))
    output: Any = Field(default=None, sa_column=Column(Json))
    error: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    handles: list[str] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    stdout: str | None = Field(default=None, sa_column=Column(Text))
    effect: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    resume_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    files: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    timestamp: datetime = Field(sa_type=UtcDateTime)


class ExecutionWait(SQLModel, table=True):
    """What a node waits for besides time, from its waiting event (`seq`) on; it is answered once.

    `approvers` None: it is a request, and `token_hash` is of the token in its URL.
    """

    __tablename__ = "workflow_execution_waits"

    execution_id: str = Field(foreign_key="workflow_executions.id", primary_key=True, ondelete="CASCADE")
    seq: int = Field(primary_key=True)
    node_id: str
    iteration: list[int] = Field(sa_column=Column(JSON, nullable=False))
    token_hash: str | None = Field(default=None, unique=True)
    approvers: list[str] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    answer: Any = Field(default=None, sa_column=Column(Json))
    answered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
