"""The workflows of a team: finding, making, replacing, copying and deleting them."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Text, cast
from sqlmodel import and_, col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.changes import Change
from app.db import folded
from app.errors import Conflict, Forbidden, Invalid
from app.models import Membership, User, Workflow
from app.runtime import Runtime
from app.services.drafts import definition_of, read_draft, write_draft
from app.services.editing import announce, apply_ops, record_replacement
from app.services.paging import Page, check_limit, read_cursor, write_cursor
from app.services.rights import find_workflow, is_visible_to
from app.services.values import as_query, check_text, invalid_field

SORTS = {"updated": col(Workflow.updated_at), "created": col(Workflow.created_at), "name": folded(col(Workflow.name))}


async def list_workflows(
    rt: Runtime,
    user: User,
    *,
    search: str = "",
    tag: str | None = None,
    sort: str = "updated",
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Workflow]:
    """The user's workflows, those changed last first; `sort` is updated, created or name."""
    if sort not in SORTS:
        raise Invalid(f"sort must be one of {', '.join(SORTS)}.")
    query = select(Workflow).where(is_visible_to(user), col(Workflow.deleted_at).is_(None), *_matches(search, tag))
    if position := read_cursor(cursor, types=(str, str)):
        query = query.where(_is_after(sort, position))
    key, id_ = SORTS[sort], col(Workflow.id)
    order = (key.asc(), id_.asc()) if sort == "name" else (key.desc(), id_.desc())
    async with rt.database.read() as session:
        rows = (await session.exec(query.order_by(*order).limit(check_limit(limit) + 1))).all()
    page = list(rows[:limit])
    return Page(items=page, next_cursor=_cursor_at(sort, page[-1]) if len(rows) > limit else None)


async def get_workflow(rt: Runtime, user: User, workflow_id: str) -> Workflow:
    """One workflow; raise NotFound or Forbidden."""
    async with rt.database.read() as session:
        return await find_workflow(session, user, workflow_id, to="read")


async def create_workflow(rt: Runtime, user: User, definition: Any) -> Workflow:
    """Save a new draft in the user's workspace; raise InvalidWorkflow for what isn't one."""
    async with rt.database.write() as session:
        return await add_workflow(session, user, definition)


async def add_workflow(session: AsyncSession, user: User, definition: Any) -> Workflow:
    """The same within a transaction."""
    mine = select(Membership).where(Membership.user_id == user.id, Membership.role != "viewer")
    membership = (await session.exec(mine.order_by(Membership.id))).first()
    if membership is None:
        raise Forbidden("You are in no workspace where you may make workflows. Ask an administrator.")
    draft = read_draft(definition)
    workflow = Workflow(user_id=user.id, workspace_id=membership.workspace_id, name=draft.name, nodes=[], edges=[])
    write_draft(workflow, draft)
    session.add(workflow)
    return workflow


async def replace_workflow(rt: Runtime, user: User, workflow_id: str, definition: Any) -> Workflow:
    """Put another definition in place; raise Conflict when it brings a `rev` that is no longer the newest."""
    return await _write(rt, user, workflow_id, definition, is_whole=True)


async def patch_workflow(rt: Runtime, user: User, workflow_id: str, fields: Any) -> Workflow:
    """Put the given top-level fields in place and keep the others; `rev` as for `replace_workflow`."""
    return await _write(rt, user, workflow_id, fields, is_whole=False)


async def rename_workflow(rt: Runtime, user: User, workflow_id: str, name: str) -> Change:
    """Give a new name; an edit like any other, so it can be undone."""
    name = check_text(name, "name", label="Name", max_length=200)
    return await apply_ops(rt, user, workflow_id, [{"op": "set_workflow", "field": "name", "value": name}], rev=0)


async def duplicate_workflow(rt: Runtime, user: User, workflow_id: str) -> Workflow:
    """Make a copy; ids are a workflow's own, so its references hold."""
    async with rt.database.write() as session:
        original = await find_workflow(session, user, workflow_id, to="read")
        return await add_workflow(session, user, definition_of(original) | {"name": f"{original.name[:195]} copy"})


async def delete_workflow(rt: Runtime, user: User, workflow_id: str) -> Workflow:
    """Take a workflow out of sight; its executions stay readable and `restore_workflow` brings it back."""
    return await _mark_deleted(rt, user, workflow_id, rt.clock())


async def restore_workflow(rt: Runtime, user: User, workflow_id: str) -> Workflow:
    """Bring a deleted workflow back; safe to call again."""
    return await _mark_deleted(rt, user, workflow_id, None)


def describe_workflow(workflow: Workflow, problems: list[dict[str, Any]]) -> dict[str, Any]:
    """A workflow as the interface shows it."""
    return {
        **definition_of(workflow),
        "id": workflow.id,
        "rev": workflow.rev,
        "active": workflow.active,
        "tags": workflow.tags,
        "problems": problems,
        "webhook_url": None,
        "next_runs": [],
        "created_at": workflow.created_at,
        "updated_at": workflow.updated_at,
    }


def _matches(search: str, tag: str | None) -> list[ColumnElement[bool]]:
    conditions = []
    if text := as_query(search).lower():
        fields = (col(Workflow.name), col(Workflow.description))
        conditions.append(or_(*(folded(field).contains(text, autoescape=True) for field in fields)))
    if tag is not None:
        conditions.append(cast(Workflow.tags, Text).contains(f'"{as_query(tag)}"', autoescape=True))
    return conditions


def _is_after(sort: str, position: list[str]) -> ColumnElement[bool]:
    key, id_ = SORTS[sort], col(Workflow.id)
    last_key, last_id = position
    if sort == "name":
        return or_(key > last_key, and_(key == last_key, id_ > last_id))
    try:
        moment = datetime.fromisoformat(last_key)
    except ValueError as error:
        raise Invalid("cursor is of a list that was sorted otherwise.") from error
    return or_(key < moment, and_(key == moment, id_ < last_id))


def _cursor_at(sort: str, workflow: Workflow) -> str:
    keys = {"name": workflow.name.lower(), "updated": workflow.updated_at, "created": workflow.created_at}
    return write_cursor(str(keys[sort]), workflow.id)


async def _write(rt: Runtime, user: User, workflow_id: str, fields: Any, *, is_whole: bool) -> Workflow:
    rev = _read_rev(fields)
    async with rt.changes.turn(workflow_id):
        async with rt.database.write() as session:
            workflow = await find_workflow(session, user, workflow_id, to="write")
            if rev not in {None, workflow.rev}:
                raise Conflict("Somebody has changed this workflow meanwhile. Read it again and repeat your change.")
            write_draft(workflow, read_draft(fields if is_whole else definition_of(workflow) | fields))
            await record_replacement(session, workflow, user)
        await announce(rt, workflow, by=user.id, ops=None)
    return workflow


def _read_rev(fields: Any) -> int | None:
    if not isinstance(fields, dict):
        raise Invalid("The body is an object with the fields of a workflow.")
    rev = fields.get("rev")
    if rev is not None and (isinstance(rev, bool) or not isinstance(rev, int)):
        raise invalid_field("rev", "rev is the whole number that came with the workflow.")
    return rev


async def _mark_deleted(rt: Runtime, user: User, workflow_id: str, moment: datetime | None) -> Workflow:
    async with rt.database.write() as session:
        workflow = await find_workflow(session, user, workflow_id, to="write", is_deleted_too=moment is None)
        workflow.deleted_at = moment
        session.add(workflow)
        return workflow
