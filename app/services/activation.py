"""Activating a workflow: what answers webhooks and schedules is a version, never the draft somebody is editing."""

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.errors import Conflict
from app.models import User, Workflow, WorkflowVersion
from app.runtime import Runtime
from app.services.drafts import definition_of
from app.services.rights import find_workflow
from app.services.starting import check_runnable


async def activate_workflow(rt: Runtime, user: User, workflow_id: str) -> Workflow:
    """Make the draft the active version; raise InvalidWorkflow with its problems. Safe to call again."""
    async with rt.database.read() as session:
        checked = await find_workflow(session, user, workflow_id, to="read")
    await check_runnable(rt, checked)
    async with rt.database.write() as session:
        workflow = await find_workflow(session, user, workflow_id, to="write")
        if workflow.rev != checked.rev:
            raise Conflict("Somebody has changed this workflow just now. Look at it and activate it again.")
        workflow.active, workflow.active_version = True, await _keep_version(session, user, workflow)
        session.add(workflow)
    return workflow


async def deactivate_workflow(rt: Runtime, user: User, workflow_id: str) -> Workflow:
    """Answer nothing any more; its versions stay."""
    async with rt.database.write() as session:
        workflow = await find_workflow(session, user, workflow_id, to="write")
        workflow.active = False
        session.add(workflow)
    return workflow


async def _keep_version(session: AsyncSession, user: User, workflow: Workflow) -> int:
    """The number of the version that holds the draft: the newest one, or else a new one."""
    query = select(WorkflowVersion).where(WorkflowVersion.workflow_id == workflow.id)
    newest = (await session.exec(query.order_by(col(WorkflowVersion.version).desc()))).first()
    definition = definition_of(workflow)
    if newest and newest.definition == definition:
        return newest.version
    number = newest.version + 1 if newest else 1
    version = WorkflowVersion(workflow_id=workflow.id, version=number, definition=definition, user_id=user.id)
    session.add(version)
    return number
