"""The engine's tables: executions and their append-only log."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, Column, DateTime, Index, Text, TypeDecorator, UniqueConstraint
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


def utc_now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


class Execution(SQLModel, table=True):
    """One run of a workflow, with its own copy of the definition."""

    __tablename__ = "workflow_executions"
    __table_args__ = (
        Index("ix_executions_workflow", "workflow_id", "id"),
        Index("ix_executions_claim", "status", "claimed_until"),
        UniqueConstraint("workflow_id", "idempotency_key"),
    )

    id: str = Field(default_factory=lambda: new_id("ex"), primary_key=True)
    workflow_id: str
    workflow_name: str = ""
    version: int | None = None
    definition: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    trigger: str = "manual"
    status: str = "pending"
    input: Any = Field(default=None, sa_column=Column(JSON))
    result: Any = Field(default=None, sa_column=Column(JSON))
    error: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    started_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    completed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    resume_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    claimed_by: str | None = None
    claimed_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
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
    input: Any = Field(default=None, sa_column=Column(JSON))
    output: Any = Field(default=None, sa_column=Column(JSON))
    error: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    handles: list[str] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    stdout: str | None = Field(default=None, sa_column=Column(Text))
    timestamp: datetime = Field(sa_type=UtcDateTime)
