"""How an execution comes into the database: once for its key, while its parent lives, and as its workflow allows."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from engine import rows
from engine.admission import admit
from engine.errors import StepError
from engine.events import ENDED, Event
from engine.log_writer import ADD_EVENT
from engine.models import Execution

ADD = insert(Execution)
COLUMNS = [column.name for column in Execution.__table__.columns]  # type: ignore[attr-defined]
AddLog = Callable[[AsyncSession], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The execution that came in, or the one that had done so with its key; `asked` are those that end for it."""

    execution: Execution
    is_new: bool
    asked: tuple[str, ...] = ()


async def enter(
    session: AsyncSession, execution: Execution, now: datetime, add_log: AddLog | None = None
) -> Entry | StepError:
    """Add an execution, and with `add_log` what its log begins with; the error is that its parent has ended.

    Where it has a key or its workflow a limit, the caller sees to it that only one of its workflow's comes at a time.
    """
    if known := await _find_known(session, execution):
        if known.status in ENDED:
            await _wake(session, known.parent_id)
        return Entry(execution=known, is_new=False)
    if execution.parent_id and not await _is_alive(session, execution.parent_id):
        return StepError("The execution that runs this workflow has ended.", kind="cancelled")
    asked = await admit(session, execution, now)
    connection = await session.connection()
    await connection.execute(ADD, row_of(execution))
    if execution.status in ENDED:
        await connection.execute(ADD_EVENT, rows.row_of(_end_of(execution, now)))
        await _wake(session, execution.parent_id)
    elif add_log:
        await add_log(session)
    return Entry(execution=execution, is_new=True, asked=tuple(asked))


def row_of(execution: Execution) -> dict[str, Any]:
    """What `ADD` takes."""
    return {name: getattr(execution, name) for name in COLUMNS}


async def _find_known(session: AsyncSession, execution: Execution) -> Execution | None:
    if execution.idempotency_key is None:
        return None
    query = select(Execution).where(
        Execution.workflow_id == execution.workflow_id, Execution.idempotency_key == execution.idempotency_key
    )
    return (await session.exec(query)).first()


async def _is_alive(session: AsyncSession, execution_id: str) -> bool:
    """Tell it, and keep it from being cancelled until the caller's transaction has ended."""
    query = select(Execution.id).where(
        Execution.id == execution_id,
        col(Execution.completed_at).is_(None),
        col(Execution.cancel_requested_at).is_(None),
    )
    return (await session.exec(query.with_for_update(read=True))).first() is not None


async def _wake(session: AsyncSession, parent_id: str | None) -> None:
    """What a parent is about to wait for has come already."""
    if parent_id:
        woken = update(Execution).where(col(Execution.id) == parent_id).values(is_woken=True)
        await (await session.connection()).execute(woken)


def _end_of(execution: Execution, now: datetime) -> Event:
    return Event(execution_id=execution.id, seq=1, status="cancelled", timestamp=now, error=execution.error)
