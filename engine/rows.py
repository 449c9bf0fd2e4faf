"""Events as rows of the log, and what they make of their execution's row."""

from typing import Any, cast

from sqlalchemy import JSON, BindParameter, bindparam, func, update
from sqlmodel import col

from engine.events import Event, Status
from engine.models import Execution, ExecutionLog, UtcDateTime

_CHANGE = update(Execution).where(col(Execution.id) == bindparam("execution"))
_MOMENT = bindparam("moment", type_=UtcDateTime)
_STATUS: BindParameter[str] = bindparam("new_status")
MARK_STARTED = _CHANGE.values(
    status=_STATUS,
    started_at=func.coalesce(col(Execution.started_at), _MOMENT),
    updated_at=_MOMENT,
    resume_at=None,
)
MARK_WAITING = _CHANGE.values(
    status=_STATUS,
    resume_at=bindparam("due", type_=UtcDateTime),
    updated_at=_MOMENT,
    claimed_by=None,
    claimed_until=None,
)
MARK_ENDED = _CHANGE.values(
    status=_STATUS,
    completed_at=_MOMENT,
    updated_at=_MOMENT,
    result=bindparam("outcome", type_=JSON),
    result_file=bindparam("outcome_file", type_=JSON(none_as_null=True)),
    error=bindparam("failure", type_=JSON),
    claimed_by=None,
    claimed_until=None,
)
MARK_WOKEN = _CHANGE.values(is_woken=True, updated_at=_MOMENT)


def row_of(event: Event) -> dict[str, Any]:
    return {
        "execution_id": event.execution_id,
        "seq": event.seq,
        "node_id": event.node_id,
        "iteration": event.iteration,
        "attempt": event.attempt,
        "status": event.status,
        "input": event.input,
        "output": event.output,
        "error": event.error,
        "handles": event.handles,
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


def wait_of(event: Event, wait: dict[str, Any]) -> dict[str, Any]:
    return {
        "execution_id": event.execution_id,
        "seq": event.seq,
        "node_id": event.node_id,
        "iteration": event.iteration,
        "token_hash": wait.get("token_hash"),
        "approvers": wait.get("approvers"),
        "expires_at": event.resume_at,
    }


def outcome_of(event: Event) -> dict[str, Any]:
    return {
        "execution": event.execution_id,
        "new_status": event.status,
        "moment": event.timestamp,
        "due": event.resume_at,
        "outcome": event.output,
        "outcome_file": (event.files or {}).get("output"),
        "failure": event.error,
    }
