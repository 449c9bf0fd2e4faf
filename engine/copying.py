"""Copies rows of one execution's log to the beginning of another's, within the caller's transaction."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, literal, select, update
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from engine.events import Event
from engine.models import ExecutionLog, UtcDateTime

LOG: Any = ExecutionLog.__table__  # type: ignore[attr-defined]
COPIED = (
    "node_id",
    "iteration",
    "attempt",
    "status",
    "input",
    "output",
    "error",
    "handles",
    "stdout",
    "effect",
    "files",
)
OUTLINE = ("seq", "node_id", "iteration", "attempt", "status", "error", "handles", "effect", "timestamp")
AT_ONCE = 500  # rows


async def read_outline(session: AsyncSession, execution_id: str) -> AsyncIterator[Event]:
    """Yield an execution's events without what its nodes took and gave."""
    query = select(*(LOG.c[name] for name in OUTLINE)).where(LOG.c.execution_id == execution_id).order_by(LOG.c.seq)
    rows = await session.stream(query.execution_options(yield_per=1_000))
    async for row in rows:
        known = row._asdict()
        handles = None if row.handles is None else tuple(row.handles)
        yield Event(execution_id=execution_id, **{**known, "iteration": tuple(row.iteration), "handles": handles})


async def copy_rows(
    session: AsyncSession, source: str, target: str, seqs: Sequence[int], now: datetime, *, after: int = 0
) -> None:
    """Copy rows of `source`, in their order, behind the row `after` of `target`, whose own their large values are."""
    connection = await session.connection()
    for start in range(0, len(seqs), AT_ONCE):
        some = seqs[start : start + AT_ONCE]
        place = func.row_number().over(order_by=LOG.c.seq) + (after + start)
        rows = select(literal(target), place, literal(now, UtcDateTime), *(LOG.c[name] for name in COPIED)).where(
            LOG.c.execution_id == source, LOG.c.seq.in_(some)
        )
        columns = ["execution_id", "seq", "timestamp", *COPIED]
        await connection.execute(insert(ExecutionLog).from_select(columns, rows))
    await _own_files(session, target)


async def _own_files(session: AsyncSession, execution_id: str) -> None:
    is_large = (LOG.c.execution_id == execution_id) & LOG.c.files.is_not(None)
    connection = await session.connection()
    for seq, files in (await connection.execute(select(LOG.c.seq, LOG.c.files).where(is_large))).all():
        own = {name: {**file, "execution_id": execution_id} for name, file in files.items()}
        changed = update(ExecutionLog).where(col(ExecutionLog.execution_id) == execution_id)
        await connection.execute(changed.where(col(ExecutionLog.seq) == seq).values(files=own))
