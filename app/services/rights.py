"""Who may do what with a workflow: its workspace's members, viewers reading only."""

from collections.abc import Collection
from typing import Literal

from sqlalchemy import ColumnElement
from sqlmodel import and_, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.errors import Forbidden, NotFound
from app.models import Membership, Session, User, Workflow
from app.runtime import Runtime
from app.services.values import is_storable
from engine.models import Execution

MISSING = "There is no workflow of this id. It may have been deleted."
NO_EXECUTION = "There is no execution of this id."


async def find_workflow(
    session: AsyncSession,
    user: User,
    workflow_id: str,
    *,
    to: Literal["read", "write"],
    is_deleted_too: bool = False,
) -> Workflow:
    """Read a workflow's row, locked when it is to be written; raise NotFound, or Forbidden for a stranger."""
    is_member = and_(col(Membership.workspace_id) == col(Workflow.workspace_id), col(Membership.user_id) == user.id)
    query = select(Workflow, Membership.role).outerjoin(Membership, is_member).where(Workflow.id == workflow_id)
    if to == "write":
        query = query.with_for_update(of=Workflow)
    row = (await session.exec(query)).first() if is_storable(workflow_id) else None
    if row is None or (row[0].deleted_at and not is_deleted_too):
        raise NotFound(MISSING)
    workflow, role = row
    check_role(role, to)
    return workflow


async def find_rev(rt: Runtime, user: User, workflow_id: str, *, to: Literal["read", "write"]) -> int:
    """The newest revision of a workflow, with the same checks."""
    found = await rt.revs.find(user.id, workflow_id) if is_storable(workflow_id) else None
    if found is None:
        raise NotFound(MISSING)
    check_role(found.role, to)
    return found.rev


async def find_execution(
    session: AsyncSession, user: User, execution_id: str, *, to: Literal["read", "write"]
) -> Execution:
    """Read an execution, with the rights of its workflow, which may be deleted since."""
    is_member = and_(col(Membership.workspace_id) == col(Workflow.workspace_id), col(Membership.user_id) == user.id)
    query = (
        select(Execution, Membership.role)
        .join(Workflow, col(Workflow.id) == Execution.workflow_id)
        .outerjoin(Membership, is_member)
        .where(Execution.id == execution_id)
    )
    row = (await session.exec(query)).first() if is_storable(execution_id) else None
    if row is None:
        raise NotFound(NO_EXECUTION)
    execution, role = row
    check_role(role, to)
    return execution


def check_role(role: str | None, to: Literal["read", "write"]) -> None:
    """Raise Forbidden unless a role in the workflow's workspace, None for a stranger, allows it."""
    if role is None:
        raise Forbidden("This workflow belongs to somebody else. Ask them to share it with you.")
    if to == "write" and role == "viewer":
        raise Forbidden("You may look at this workflow, but not change or run it. Ask its owner to make you an editor.")


async def find_readers(rt: Runtime, workflow_id: str, session_ids: Collection[str]) -> set[str]:
    """Those of the sessions that live and whose person may read the workflow now."""
    query = (
        select(Session.id)
        .join(Membership, col(Membership.user_id) == col(Session.user_id))
        .join(Workflow, col(Workflow.workspace_id) == col(Membership.workspace_id))
        .where(Workflow.id == workflow_id, col(Session.id).in_(session_ids), Session.expires_at > rt.clock())
    )
    async with rt.database.read() as session:
        return set((await session.exec(query)).all())


def is_visible_to(user: User) -> ColumnElement[bool]:
    """The condition that a workflow is in one of the user's workspaces."""
    mine = select(Membership.workspace_id).where(Membership.user_id == user.id)
    return col(Workflow.workspace_id).in_(mine)
