"""The summaries of executions that were asked for lately: each takes only the rows that it hasn't seen."""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import select
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from engine.events import Event
from engine.fate import NodeSummary, Row
from engine.models import Execution, ExecutionLog
from engine.summary import Summary

KEPT = 200
PAGE = 2_000
_LOG = ExecutionLog.__table__.c  # type: ignore[attr-defined]
_COLUMNS = (
    _LOG.seq, _LOG.node_id, _LOG.iteration, _LOG.status, _LOG.attempt, _LOG.timestamp,
    _LOG.handles, _LOG.error, _LOG.effect,
)  # fmt: skip


class Summaries:
    """Keeps what it has folded; what is forgotten is folded anew."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Summary] = OrderedDict()

    def note(self, events: Iterable[Event]) -> None:
        """Fold what has just been written, so that it isn't read again."""
        for event in events:
            summary = self._kept.get(event.execution_id)
            if summary and event.seq == summary.seq + 1:
                summary.add(event)

    async def read(self, session: AsyncSession, execution_id: str) -> dict[str, NodeSummary]:
        """Return what has become of each node, by id."""
        summary = self._kept.pop(execution_id, None) or await _begin(session, execution_id)
        if summary is None:
            return {}
        self._kept[execution_id] = summary
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        while await _read_on(session, execution_id, summary) == PAGE:
            pass
        return summary.nodes()


async def _begin(session: AsyncSession, execution_id: str) -> Summary | None:
    query = select(col(Execution.definition)).where(col(Execution.id) == execution_id)
    definition: dict[str, Any] | None = (await (await session.connection()).execute(query)).scalar()
    return None if definition is None else Summary(definition)


async def _read_on(session: AsyncSession, execution_id: str, summary: Summary) -> int:
    """Fold the next rows; others may do so at the same time."""
    query = (
        select(*_COLUMNS)
        .where(_LOG.execution_id == execution_id, _LOG.seq > summary.seq)
        .order_by(_LOG.seq)
        .limit(PAGE)
    )
    rows = (await (await session.connection()).execute(query)).all()
    for seq, node_id, iteration, status, attempt, at, handles, error, effect in rows:
        summary.add(
            Row(
                seq=seq,
                node_id=node_id,
                iteration=tuple(iteration),
                status=status,
                attempt=attempt,
                timestamp=at,
                handles=handles,
                error=error,
                effect=effect,
            )
        )
    return len(rows)
