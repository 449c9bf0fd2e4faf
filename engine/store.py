"""Executions and their log in the database."""

import json
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Text, func, or_
from sqlalchemy import cast as sql_cast
from sqlalchemy.orm import defer
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from engine.events import Event
from engine.fate import NodeSummary as NodeSummary
from engine.log_writer import changes_of
from engine.models import Execution, ExecutionLog
from engine.rows import event_of
from engine.summaries import Summaries
from engine.transactions import Transactions

_DATA = (Execution.definition, Execution.input, Execution.result)


@dataclass(frozen=True, kw_only=True, slots=True)
class Filters:
    """Which executions to list; None is all."""

    workflow_ids: Sequence[str] | None = None
    status: str | None = None
    trigger: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    search: str = ""


class Store:
    """Reads and writes executions; what it returns belongs to no session."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions
        self._summaries = Summaries()

    async def insert_execution(self, session: AsyncSession, execution: Execution) -> None:
        """Add an execution within the caller's transaction; the worker finds it once that is committed."""
        session.add(execution)
        await session.flush()

    async def get_execution(self, execution_id: str) -> Execution | None:
        async with self._transactions.read() as session:
            return await session.get(Execution, execution_id)

    async def get_status(self, execution_id: str) -> str | None:
        """Return an execution's status without what it holds."""
        async with self._transactions.read() as session:
            return (await session.exec(select(Execution.status).where(Execution.id == execution_id))).first()

    async def find_workflows(self, execution_ids: Collection[str]) -> dict[str, str]:
        """Return the workflow of each of these executions, by id."""
        query = select(Execution.id, Execution.workflow_id).where(col(Execution.id).in_(execution_ids))
        async with self._transactions.read() as session:
            return dict((await session.exec(query)).all())

    async def find_by_idempotency_key(self, session: AsyncSession, workflow_id: str, key: str) -> Execution | None:
        """Return the execution that was started with this key, as the caller's transaction sees it."""
        query = select(Execution).where(Execution.workflow_id == workflow_id, Execution.idempotency_key == key)
        return (await session.exec(query)).first()

    async def list_executions(
        self, filters: Filters, *, limit: int = 50, before: str | None = None
    ) -> Sequence[Execution]:
        """Return the newest executions first, without what they hold; `before` is the last id of the page before."""
        query = (
            select(Execution)
            .options(*(defer(cast(Any, column), raiseload=True) for column in _DATA))
            .where(*_conditions(filters))
        )
        query = query.order_by(col(Execution.id).desc()).limit(limit)
        if before is not None:
            query = query.where(col(Execution.id) < before)
        async with self._transactions.read() as session:
            return (await session.exec(query)).all()

    async def append(self, events: Sequence[Event]) -> None:
        """Write events and what they make of their executions in one transaction."""
        await self._transactions.write_batch(changes_of(events))
        self._summaries.note(events)

    async def read_log(
        self, execution_id: str, *, after_seq: int = 0, limit: int | None = None, node_id: str | None = None
    ) -> list[Event]:
        """Return an execution's events in order, or those of one node."""
        query = (
            select(ExecutionLog)
            .where(ExecutionLog.execution_id == execution_id, ExecutionLog.seq > after_seq)
            .order_by(col(ExecutionLog.seq))
            .limit(limit)
        )
        if node_id is not None:
            query = query.where(ExecutionLog.node_id == node_id)
        async with self._transactions.read() as session:
            return [event_of(row) for row in await session.exec(query)]

    async def find_last_seq(self, execution_id: str) -> int:
        """Return the number of an execution's last event, 0 before the first."""
        query = select(func.max(ExecutionLog.seq)).where(ExecutionLog.execution_id == execution_id)
        async with self._transactions.read() as session:
            return (await session.exec(query)).one() or 0

    async def is_written(self, event: Event) -> bool:
        """Tell whether the log has this very event under its number."""
        async with self._transactions.read() as session:
            row = await session.get(ExecutionLog, (event.execution_id, event.seq))
        return row is not None and event_of(row) == replace(event, wakes=None)

    async def read_rows(self, execution_id: str, seqs: Collection[int]) -> list[Event]:
        """Return these events of an execution, in order."""
        query = (
            select(ExecutionLog)
            .where(ExecutionLog.execution_id == execution_id, col(ExecutionLog.seq).in_(seqs))
            .order_by(col(ExecutionLog.seq))
        )
        async with self._transactions.read() as session:
            return [event_of(row) for row in await session.exec(query)]

    async def load(self, execution_ids: Sequence[str]) -> Sequence[Execution]:
        """Return executions, the most urgent first."""
        query = (
            select(Execution)
            .where(col(Execution.id).in_(execution_ids))
            .order_by(col(Execution.priority), col(Execution.id))
        )
        async with self._transactions.read() as session:
            return (await session.exec(query)).all()

    async def stream_logs(self, execution_ids: Sequence[str]) -> AsyncIterator[Event]:
        """Yield the events of executions, those of each in order."""
        query = (
            select(ExecutionLog)
            .where(col(ExecutionLog.execution_id).in_(execution_ids))
            .order_by(col(ExecutionLog.execution_id), col(ExecutionLog.seq))
            .execution_options(yield_per=1_000)
        )
        async with self._transactions.read() as session:
            async for row in await session.stream_scalars(query):
                yield event_of(row)
                session.expunge(row)

    async def summarize_nodes(self, execution_id: str) -> dict[str, NodeSummary]:
        """Return what has become of each node, by id."""
        async with self._transactions.read() as session:
            return await self._summaries.read(session, execution_id)


def _conditions(filters: Filters) -> list[Any]:
    wanted: list[Any] = []
    if filters.workflow_ids is not None:
        wanted.append(col(Execution.workflow_id).in_(filters.workflow_ids))
    if filters.status:
        wanted.append(col(Execution.status) == filters.status)
    if filters.trigger:
        wanted.append(col(Execution.trigger) == filters.trigger)
    if filters.since:
        wanted.append(col(Execution.created_at) >= filters.since)
    if filters.until:
        wanted.append(col(Execution.created_at) <= filters.until)
    if filters.search:
        wanted.append(_contains(filters.search))
    return wanted


def _contains(text: str) -> Any:
    """Look in the id and in all that an execution took and gave, whatever the case."""
    columns = (Execution.id, Execution.error, Execution.input, Execution.result)
    written = json.dumps(text, ensure_ascii=False)[1:-1]  # as it stands in a column of JSON
    return or_(*(sql_cast(col(column), Text).icontains(written, autoescape=True) for column in columns))
