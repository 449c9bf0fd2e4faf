"""What has been kept long enough is deleted, in transactions so short that nobody notices."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Delete, and_, delete, inspect, tuple_
from sqlalchemy import select as sql_select
from sqlmodel import SQLModel, col, select

from app.models import Workflow, WorkflowChange, WorkflowVersion
from app.runtime import Runtime
from engine.models import Execution, ExecutionLog, ExecutionWait

A_DAY = timedelta(days=1)
PAGE = 200  # executions, or workflows, looked at together
FEWEST, MOST = 5, 500  # rows deleted in one transaction
SHORT = 0.01  # seconds that a transaction should take
PAUSE = 0.005  # seconds between two, at least


async def remove_old_executions(rt: Runtime) -> int:
    """Delete the executions that ended too long ago, with all that is theirs; return how many.

    Each workflow has its own limit; a deleted one goes, too, once its last execution has gone. Safe to break off at
    any point and to call again, and quick when there is nothing to do.
    """
    count = 0
    async for workflow_id, extra, deleted_at in _list_workflows(rt):
        if limit := find_limit(rt.clock(), extra, rt.settings.retention_days):
            while ids := await _find_ended(rt, workflow_id, limit):
                await _remove_executions(rt, ids)
                count += len(ids)
            if deleted_at and deleted_at < limit:
                await _remove_workflow(rt, workflow_id)
    return count


async def remove_orphaned_values(rt: Runtime) -> int:
    """Delete the large values of executions that aren't there, unless they are of the last day; return of how many."""
    ids = await rt.files.list_executions(before=rt.clock() - A_DAY)
    orphans: set[str] = set()
    for some in (ids[place : place + PAGE] for place in range(0, len(ids), PAGE)):
        orphans |= set(some) - (await rt.store.find_workflows(some)).keys()
    for id_ in orphans:
        await rt.files.delete(id_)
    return len(orphans)


def find_limit(now: datetime, extra: Mapping[str, Any], default: int) -> datetime | None:
    """Before when an execution must have ended to be deleted; None keeps them for ever.

    A definition's own `retention_days` goes before the setting.
    """
    days = extra.get("retention_days")
    if isinstance(days, bool) or not isinstance(days, int) or days < 0:
        days = default
    try:
        return now - timedelta(days=days) if days else None
    except OverflowError:  # before time began
        return None


def next_size(size: int, took: float) -> int:
    """How many rows to delete next, after so many took so many seconds: rows may be of 100 bytes or of 500 kB."""
    return max(FEWEST, min(MOST, int(size * min(2.0, SHORT / max(took, 1e-6)))))


async def _list_workflows(rt: Runtime) -> AsyncIterator[tuple[str, Mapping[str, Any], datetime | None]]:
    query = select(Workflow.id, Workflow.extra, Workflow.deleted_at).order_by(Workflow.id).limit(PAGE)
    last: str | None = ""
    while last is not None:
        async with rt.database.read() as session:
            page = (await session.exec(query.where(Workflow.id > last))).all()
        for workflow in page:
            yield workflow
        last = page[-1][0] if page else None


async def _find_ended(rt: Runtime, workflow_id: str, limit: datetime) -> Sequence[str]:
    query = select(Execution.id).where(Execution.workflow_id == workflow_id, col(Execution.completed_at) < limit)
    async with rt.database.read() as session:
        return (await session.exec(query.order_by(col(Execution.completed_at)).limit(PAGE))).all()


async def _remove_executions(rt: Runtime, ids: Sequence[str]) -> None:
    """Delete the executions last, so that what a crash leaves over is found again."""
    await _delete(rt, ExecutionLog, col(ExecutionLog.execution_id).in_(ids))
    await _delete(rt, ExecutionWait, col(ExecutionWait.execution_id).in_(ids))
    for id_ in ids:
        await rt.files.delete(id_)
    await _delete(rt, Execution, col(Execution.id).in_(ids))


async def _remove_workflow(rt: Runtime, workflow_id: str) -> None:
    """Delete a workflow unless an execution still belongs to it."""
    query = select(Execution.id).where(Execution.workflow_id == workflow_id).limit(1)
    async with rt.database.read() as session:
        if (await session.exec(query)).first() is not None:
            return
    await _delete(rt, WorkflowChange, col(WorkflowChange.workflow_id) == workflow_id)
    await _delete(rt, WorkflowVersion, col(WorkflowVersion.workflow_id) == workflow_id)
    await _delete(rt, Workflow, and_(col(Workflow.id) == workflow_id, col(Workflow.deleted_at).is_not(None)))


async def _delete(rt: Runtime, model: type[SQLModel], condition: ColumnElement[bool]) -> None:
    """Delete rows in short transactions, and leave the database to others for as long in between."""
    key = inspect(model).primary_key
    size = FEWEST
    while True:
        some = sql_select(*key).where(condition).limit(size)
        deleted, took = await time_deletion(rt, delete(model).where(tuple_(*key).in_(some)))
        if deleted < size:
            return
        size = next_size(size, took)
        await asyncio.sleep(max(took, PAUSE))


async def time_deletion(rt: Runtime, deletion: Delete) -> tuple[int, float]:
    """Return how many rows were deleted and how many seconds others had to wait for it."""
    async with rt.database.write() as session:
        connection = await session.connection()  # it waits its turn here
        began = time.perf_counter()
        deleted = (await connection.execute(deletion)).rowcount
    return deleted, time.perf_counter() - began
