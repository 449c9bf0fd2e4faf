"""Editing together: ops are merged field by field, and everybody undoes only what they did themselves."""

import asyncio
from dataclasses import asdict
from typing import Any, Literal

from sqlmodel import col, delete, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.changes import Change
from app.errors import Conflict, Invalid
from app.models import User, Workflow, WorkflowChange
from app.runtime import Runtime
from app.services.drafts import definition_of, read_draft, write_draft
from app.services.rights import find_workflow
from app.services.values import check_json
from engine.graph import find_problems
from engine.ops import apply_ops as apply_to_definition

HISTORY = 1_000  # changes kept of each workflow
Op = dict[str, Any]
Rejected = list[dict[str, Any]]


async def apply_ops(rt: Runtime, user: User, workflow_id: str, ops: list[Op], rev: int) -> Change:
    """Apply the editor's ops to the newest draft and tell everybody; what can't be applied is in `rejected`.

    `rev` is the revision that the client knows: an older one is merged, one from the future is a Conflict.
    """
    _check_ops(ops)
    async with rt.changes.turn(workflow_id):
        async with rt.database.write() as session:
            workflow = await find_workflow(session, user, workflow_id, to="write")
            if rev > workflow.rev:
                raise Conflict("The server has an older version of this workflow. Load the page again.")
            applied, rejected = await _save(rt, session, workflow, user, ops, kind="edit")
        return await announce(rt, workflow, by=user.id, ops=applied, rejected=rejected)


async def undo(rt: Runtime, user: User, workflow_id: str) -> Change | None:
    """Turn back the user's own newest edit of this document; None when there is nothing to turn back."""
    return await _turn_back(rt, user, workflow_id, kind="undo")


async def redo(rt: Runtime, user: User, workflow_id: str) -> Change | None:
    """Turn back the user's own newest undo, unless they have edited since; None when there is nothing."""
    return await _turn_back(rt, user, workflow_id, kind="redo")


async def changes_since(rt: Runtime, user: User, workflow_id: str, rev: int) -> list[Change] | None:
    """The changes after `rev` in order; None when they aren't all kept as ops and the workflow must be read anew."""
    async with rt.database.read() as session:
        workflow = await find_workflow(session, user, workflow_id, to="read")
        query = select(WorkflowChange).where(WorkflowChange.workflow_id == workflow_id, WorkflowChange.rev > rev)
        rows = (await session.exec(query.order_by(col(WorkflowChange.rev)))).all()
    is_whole = [row.rev for row in rows] == list(range(rev + 1, workflow.rev + 1))
    if not is_whole or any(row.kind == "replace" for row in rows):
        return None
    problems = await problems_of(rt, workflow)
    return [
        Change(workflow_id=workflow_id, rev=row.rev, by=row.user_id, ops=row.ops, problems=problems) for row in rows
    ]


async def problems_of(rt: Runtime, workflow: Workflow) -> list[dict[str, Any]]:
    """What keeps the workflow from running; in a thread, since a large one takes a while to look through."""
    found = await asyncio.to_thread(find_problems, definition_of(workflow), rt.steps)
    return [asdict(problem) for problem in found]


async def record_replacement(session: AsyncSession, workflow: Workflow, user: User) -> None:
    """Give a document that was put in place its revision; nobody undoes or redoes what was done to the one before."""
    await _record(session, workflow, user, kind="replace", ops=[], inverse=[])


async def announce(
    rt: Runtime, workflow: Workflow, *, by: str, ops: list[Op] | None, rejected: Rejected | None = None
) -> Change:
    """Tell everybody who listens what was saved; call it in the workflow's turn, so that changes arrive in order."""
    problems = await problems_of(rt, workflow)
    change = Change(
        workflow_id=workflow.id, rev=workflow.rev, by=by, ops=ops, rejected=rejected or [], problems=problems
    )
    if ops != []:
        rt.changes.publish(change)
    return change


async def _turn_back(rt: Runtime, user: User, workflow_id: str, *, kind: Literal["undo", "redo"]) -> Change | None:
    async with rt.changes.turn(workflow_id):
        async with rt.database.write() as session:
            workflow = await find_workflow(session, user, workflow_id, to="write")
            find = _find_undoable if kind == "undo" else _find_redoable
            if (target := await find(session, user, workflow_id)) is None:
                return None
            target.is_undone = True
            session.add(target)
            applied, rejected = await _save(rt, session, workflow, user, target.inverse, kind=kind, of_rev=target.rev)
        return await announce(rt, workflow, by=user.id, ops=applied, rejected=rejected)


async def _find_undoable(session: AsyncSession, user: User, workflow_id: str) -> WorkflowChange | None:
    return await _find_newest(session, user, workflow_id, ("edit", "redo"), is_undone=False)


async def _find_redoable(session: AsyncSession, user: User, workflow_id: str) -> WorkflowChange | None:
    undone = await _find_newest(session, user, workflow_id, ("undo",), is_undone=False)
    edited = await _find_newest(session, user, workflow_id, ("edit",))
    return undone if undone and (edited is None or edited.rev < undone.rev) else None


async def _find_newest(
    session: AsyncSession, user: User, workflow_id: str, kinds: tuple[str, ...], *, is_undone: bool | None = None
) -> WorkflowChange | None:
    is_of_workflow = WorkflowChange.workflow_id == workflow_id
    replaced = select(func.max(WorkflowChange.rev)).where(is_of_workflow, WorkflowChange.kind == "replace")
    query = select(WorkflowChange).where(
        is_of_workflow,
        WorkflowChange.user_id == user.id,
        col(WorkflowChange.kind).in_(kinds),
        col(WorkflowChange.rev) > func.coalesce(replaced.scalar_subquery(), 0),
    )
    if is_undone is not None:
        query = query.where(WorkflowChange.is_undone == is_undone)
    return (await session.exec(query.order_by(col(WorkflowChange.rev).desc()))).first()


async def _save(
    rt: Runtime,
    session: AsyncSession,
    workflow: Workflow,
    user: User,
    ops: list[Op],
    *,
    kind: str,
    of_rev: int | None = None,
) -> tuple[list[Op], Rejected]:
    applied = apply_to_definition(definition_of(workflow), ops, rt.steps)
    if applied.ops:
        write_draft(workflow, read_draft(applied.definition))
        await _record(session, workflow, user, kind=kind, ops=applied.ops, inverse=applied.inverse, of_rev=of_rev)
    return applied.ops, applied.rejected


async def _record(session: AsyncSession, workflow: Workflow, user: User, **change: Any) -> None:
    workflow.rev += 1
    session.add(workflow)
    session.add(WorkflowChange(workflow_id=workflow.id, rev=workflow.rev, user_id=user.id, **change))
    is_old = col(WorkflowChange.rev) <= workflow.rev - HISTORY
    await session.exec(delete(WorkflowChange).where(col(WorkflowChange.workflow_id) == workflow.id, is_old))


def _check_ops(ops: Any) -> None:
    if not isinstance(ops, list):
        raise Invalid("Ops are a list of objects.")
    check_json(ops)
