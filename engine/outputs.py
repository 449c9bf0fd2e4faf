"""Outputs that an execution begins with: the newest of each node of a workflow, or others that somebody has given."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from engine.copying import copy_rows
from engine.events import Event
from engine.files import Files
from engine.graph import Graph
from engine.large import as_logged
from engine.log_writer import ADD_EVENT
from engine.models import Execution, ExecutionLog
from engine.part import handles_towards
from engine.replay import TEST
from engine.rows import row_of

FAR = 50  # executions to look through
EXECUTION: Any = Execution.__table__  # type: ignore[attr-defined]
LOG: Any = ExecutionLog.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Place:
    """A row of a log that has an output."""

    execution_id: str
    seq: int
    is_large: bool


@dataclass(frozen=True, slots=True)
class Given:
    """An output that somebody has given, or its preview when `files` says where the whole is."""

    value: Any
    files: dict[str, Any] | None = None


Source = Place | Given


async def find_newest(session: AsyncSession, workflow_id: str, node_ids: Collection[str]) -> dict[str, Place]:
    """Return where the newest outputs of nodes are that are in no loop, of as many as have run lately."""
    found: dict[str, Place] = {}
    newest = select(EXECUTION.c.id, EXECUTION.c.trigger).where(EXECUTION.c.workflow_id == workflow_id)
    connection = await session.connection()
    for id_, trigger in (await connection.execute(newest.order_by(EXECUTION.c.id.desc()).limit(FAR))).all():
        if not (missing := set(node_ids) - found.keys()):
            break
        found |= await _find_in(session, id_, missing, is_test=trigger == TEST)
    return found


async def _find_in(
    session: AsyncSession, execution_id: str, node_ids: Collection[str], *, is_test: bool
) -> dict[str, Place]:
    """Look in one log; what a test began with was only taken over, or made up."""
    query = (
        select(LOG.c.seq, LOG.c.node_id, LOG.c.files)
        .where(LOG.c.execution_id == execution_id, or_(LOG.c.node_id.in_(node_ids), LOG.c.node_id.is_(None)))
        .where(or_(LOG.c.status == "succeeded", LOG.c.node_id.is_(None)))
        .order_by(LOG.c.seq)
    )
    found: dict[str, Place] = {}
    has_begun = not is_test
    for seq, node_id, files in (await (await session.connection()).execute(query)).all():
        if node_id is None:
            has_begun = True
        elif has_begun:
            found[node_id] = Place(execution_id, seq, "output" in (files or {}))
    return found


async def keep_outputs(files: Files, execution_id: str, sources: Mapping[str, Source]) -> dict[str, Source]:
    """Put what is large among outputs into the files of the execution that is to begin with them; raise StepError."""
    for id_ in {source.execution_id for source in sources.values() if isinstance(source, Place) and source.is_large}:
        await files.copy(id_, execution_id)
    return {id_: await _keep(files, execution_id, source) for id_, source in sources.items()}


async def add_outputs(
    session: AsyncSession,
    *,
    execution_id: str,
    graph: Graph,
    node_id: str,
    sources: Mapping[str, Source],
    now: datetime,
) -> None:
    """Begin a log with these outputs, as of nodes that have succeeded and from which a way leads to `node_id`."""
    connection = await session.connection()
    for seq, (id_, source) in enumerate(sources.items(), 1):
        handles = handles_towards(graph, id_, node_id)
        if isinstance(source, Place):
            await copy_rows(session, source.execution_id, execution_id, [source.seq], now, after=seq - 1)
            row = update(ExecutionLog).where(LOG.c.execution_id == execution_id, LOG.c.seq == seq)
            await connection.execute(row.values(handles=handles))
        else:
            event = Event(
                execution_id=execution_id,
                seq=seq,
                node_id=id_,
                status="succeeded",
                timestamp=now,
                output=source.value,
                handles=handles,
                files=source.files,
            )
            await connection.execute(ADD_EVENT, row_of(event))


async def _keep(files: Files, execution_id: str, source: Source) -> Source:
    if isinstance(source, Place):
        return source
    value, file = await as_logged(source.value, execution_id, files)
    return Given(value, {"output": file} if file else None)
