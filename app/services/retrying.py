"""Retrying executions: a new one that takes over what the old one has done before the point where it begins again."""

from datetime import datetime
from functools import partial
from typing import Literal

from sqlmodel.ext.asyncio.session import AsyncSession

from app.errors import Conflict
from app.models import User
from app.runtime import Runtime
from app.services.executions import get_execution
from app.services.rights import find_rev
from app.services.starting import check_problems, take_snapshot
from app.services.values import invalid_field
from engine.copying import copy_rows, read_outline
from engine.errors import DefinitionError, FilesUnavailable
from engine.events import ENDED
from engine.graph import Graph, parse
from engine.models import Execution
from engine.reuse import choose, find_changed

Which = Literal["original", "current"]


async def retry_execution(
    rt: Runtime, user: User, execution_id: str, *, begin: str = "failed", definition: Which = "original"
) -> Execution:
    """Run an execution that has ended again, from its start, from what "failed", or from a node; return the new one.

    It runs the definition that the old one ran, or the draft as it is now, of which a node is only spared if it is as
    it was. From a node in a loop, the iterations that come later than as many as run side by side begin anew.
    Raise Conflict when there is nothing to retry, Invalid for a node that isn't there.
    """
    old = await get_execution(rt, user, execution_id, to="write")
    _check(old, begin)
    new = await _prepare(rt, user, old, definition)
    graph = _parse(new)
    if begin not in ("start", "failed", *graph.nodes):
        raise invalid_field(
            "from", f"from is failed, start, or the id of a node; nothing leads to a node {begin!r:.80}."
        )
    if begin == "start":
        return await rt.starter.start(new)
    points = find_changed(graph, old.definition, new.definition) if definition == "current" else set()
    seqs = await _choose(rt, old, graph, points | ({begin} - {"failed"}))
    try:
        await rt.files.copy(old.id, new.id)
    except FilesUnavailable as error:
        raise Conflict(error.message) from error
    return await rt.starter.start(
        new, partial(_copy, source=old.id, target=new.id, seqs=seqs, now=rt.engine_clock.now())
    )


def _check(old: Execution, begin: str) -> None:
    if old.status not in ENDED:
        raise Conflict("This execution has not ended. Cancel it first, or wait for its end.")
    if begin == "failed" and old.status == "succeeded":
        raise Conflict("Nothing has failed in this execution. Retry it from its start, or from a node.")


async def _prepare(rt: Runtime, user: User, old: Execution, which: Which) -> Execution:
    if which == "current":
        snapshot = await take_snapshot(rt, user, old.workflow_id)
        check_problems(snapshot.problems)
        name, definition = snapshot.name, snapshot.definition
    else:
        await find_rev(rt, user, old.workflow_id, to="write")
        name, definition = old.workflow_name, old.definition
    return Execution(
        workflow_id=old.workflow_id,
        workflow_name=name,
        definition=definition,
        trigger=old.trigger,
        input=old.input,
        retry_of=old.id,
    )


def _parse(execution: Execution) -> Graph:
    try:
        return parse(execution.definition)
    except DefinitionError as error:
        raise Conflict(f"What this execution ran can't be run again. {error}") from error


async def _choose(rt: Runtime, old: Execution, graph: Graph, points: set[str]) -> list[int]:
    async with rt.database.read() as session:
        return await choose(graph, points, lambda: read_outline(session, old.id))


async def _copy(session: AsyncSession, *, source: str, target: str, seqs: list[int], now: datetime) -> None:
    await copy_rows(session, source, target, seqs, now)
