"""Events as rows of the log, and what they make of their execution's row."""

from typing import Any, cast

from sqlalchemy import JSON, bindparam, func, update
from sqlmodel import col

from engine.events import Event, Status
from engine.models import Execution, ExecutionLog, UtcDateTime

MARK_STARTED = (
    update(Execution)
    .where(col(Execution.id) == bindparam("execution"))
    .values(
        status=bindparam("new_status"),
        started_at=func.coalesce(col(Execution.started_at), bindparam("moment", type_=UtcDateTime)),
        updated_at=bindparam("moment", type_=UtcDateTime),
    )
)
MARK_ENDED = (
    update(Execution)
    .where(col(Execution.id) == bindparam("execution"))
    .values(
        status=bindparam("new_status"),
        completed_at=bindparam("moment", type_=UtcDateTime),
        updated_at=bindparam("moment", type_=UtcDateTime),
        result=bindparam("outcome", type_=JSON),
        error=bindparam("failure", type_=JSON),
        claimed_by=None,
        claimed_until=None,
    )
)


def row_of(event: Event) -> dict[str, Any]:
    return {
        "execution_id": event.execution_id,
        "seq": event.seq,
        "node_id": event.node_id,
        "iteration": list(event.iteration),
        "attempt": event.attempt,
        "status": event.status,
        "input": event.input,
        "output": event.output,
        "error": event.error,
        "handles": None if event.handles is None else list(event.handles),
        "stdout": event.stdout,
        "effect": event.effect,
        "resume_at": event.resume_at,
        "files": event.files,
        "timestamp": event.timestamp,
    }


def event_of(row: ExecutionLog) -> Event:
    return Event(
        execution_id=row.execution_id,
        seq=row.seq,
        node_id=row.node_id,
        iteration=tuple(row.iteration),
        attempt=row.attempt,
        status=cast(Status, row.status),
        input=row.input,
        output=row.output,
        error=row.error,
        handles=None if row.handles is None else tuple(row.handles),
        stdout=row.stdout,
        effect=row.effect,
        resume_at=row.resume_at,
        files=row.files,
        timestamp=row.timestamp,
    )


def outcome_of(event: Event) -> dict[str, Any]:
    values = {"execution": event.execution_id, "new_status": event.status, "moment": event.timestamp}
    return values if event.status == "running" else {**values, "outcome": event.output, "failure": event.error}
