"""Lets executions in as their workflow's `concurrency` says: how many may be open, and what becomes of one too many.

`{"limit": 5, "when_full": "queue"}` has it wait for its turn, `"skip"` doesn't run it at all, and `"cancel_older"`
ends those that were there first. One that is run by an execution of the same workflow is part of that one's turn.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from engine.mailbox import request_cancel
from engine.models import Execution

SKIPPED = "skipped_when_full"
REPLACED = "replaced_by_newer"


@dataclass(frozen=True, slots=True)
class Concurrency:
    """How many executions of a workflow may be open at a time."""

    limit: int
    when_full: Literal["queue", "skip", "cancel_older"]


def read_concurrency(definition: Mapping[str, Any]) -> Concurrency | None:
    """Return what a definition without problems says; None lets all in."""
    said = definition.get("concurrency")
    return None if said is None else Concurrency(said["limit"], said.get("when_full") or "queue")


async def admit(session: AsyncSession, execution: Execution, now: datetime) -> list[str]:
    """Prepare a new execution for what its workflow says; return the ids of those that were asked to end for it.

    The caller sees to it that only one of a workflow's is let in at a time, and adds it within the same transaction.
    """
    concurrency = read_concurrency(execution.definition)
    if concurrency is None or await _is_within_itself(session, execution):
        return []
    if concurrency.when_full == "queue":
        execution.max_running = concurrency.limit
        return []
    open_ = await _find_open(session, execution.workflow_id)
    too_many = len(open_) - concurrency.limit + 1
    if too_many > 0 and concurrency.when_full == "skip":
        _skip(execution, concurrency.limit, now)
    if concurrency.when_full == "skip":
        return []
    execution.max_running = concurrency.limit  # the others need a moment to end
    return await _replace(session, open_[:too_many], concurrency.limit, now) if too_many > 0 else []


async def _find_open(session: AsyncSession, workflow_id: str) -> Sequence[str]:
    """The executions of a workflow that have not ended and aren't about to, the oldest first."""
    query = select(Execution.id).where(
        Execution.workflow_id == workflow_id,
        col(Execution.completed_at).is_(None),
        col(Execution.cancel_requested_at).is_(None),
    )
    return (await session.exec(query.order_by(col(Execution.id)))).all()


async def _is_within_itself(session: AsyncSession, execution: Execution) -> bool:
    parent_id = execution.parent_id
    while parent_id is not None:
        query = select(Execution.workflow_id, Execution.parent_id).where(Execution.id == parent_id)
        workflow_id, parent_id = (await session.exec(query)).first() or (None, None)
        if workflow_id == execution.workflow_id:
            return True
    return False


async def _replace(session: AsyncSession, execution_ids: Sequence[str], limit: int, now: datetime) -> list[str]:
    """Ask for the end of executions, and note why."""
    may_be = "1 execution" if limit == 1 else f"{limit:,} executions"
    message = f"Of this workflow {may_be} may be open at a time. A newer one has taken the place of this one."
    noted = update(Execution).where(col(Execution.id).in_(execution_ids), col(Execution.completed_at).is_(None))
    await (await session.connection()).execute(noted.values(error={"type": REPLACED, "message": message}))
    return await request_cancel(session, execution_ids, now)


def _skip(execution: Execution, limit: int, now: datetime) -> None:
    others = "Another execution of this workflow was" if limit == 1 else f"{limit:,} executions of this workflow were"
    message = f"{others} still open, and it runs no more at a time. This one was skipped."
    execution.status, execution.completed_at = "cancelled", now
    execution.error = {"type": SKIPPED, "message": message}
