"""Workflows that are run by others: as whom, how deep, and once for each attempt that may have been interrupted."""

from collections.abc import Sequence

from sqlmodel import and_, col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.db import Database
from app.models import Membership, Workflow
from app.snapshots import Snapshots
from app.starter import Starter
from engine.errors import StepError
from engine.models import Execution

MAX_DEPTH = 10
FAILED = ("failed", "cancelled")


class Children:
    """Starts workflows in the name of their parent's owner."""

    def __init__(self, database: Database, snapshots: Snapshots, starter: Starter) -> None:
        self._database = database
        self._snapshots = snapshots
        self._starter = starter

    async def start(self, parent: Execution, workflow_id: str, input: object, key: str) -> str:
        """Return the execution's id, the same for the same key; raise StepError with what to do.

        A child that has failed doesn't count: the key starts another.
        """
        async with self._database.read() as session:
            earlier = await _find_earlier(session, parent, workflow_id, key)
            if earlier and earlier[-1][1] not in FAILED:
                return earlier[-1][0]
            workflow = await _find_workflow(session, parent, workflow_id)
        if parent.depth >= MAX_DEPTH:
            raise _refusal(f"Workflows run one another at most {MAX_DEPTH} deep. Does one of them run itself?")
        snapshot = await self._snapshots.take(workflow)
        if snapshot.problems:
            first = snapshot.problems[0]["message"]
            raise _refusal(f"The workflow {snapshot.name!r} can't run: open it and mend its problems. {first}")
        child = Execution(
            workflow_id=snapshot.workflow_id,
            workflow_name=snapshot.name,
            definition=snapshot.definition,
            trigger="workflow",
            priority=parent.priority,
            input=input,
            parent_id=parent.id,
            depth=parent.depth + 1,
            idempotency_key=f"{key}~{len(earlier)}" if earlier else key,
        )
        return (await self._starter.start(child)).id


async def _find_earlier(
    session: AsyncSession, parent: Execution, workflow_id: str, key: str
) -> Sequence[tuple[str, str]]:
    """The ids and statuses of those that attempts at the same node's iteration have started, the oldest first."""
    query = select(Execution.id, Execution.status).where(
        Execution.parent_id == parent.id,
        Execution.workflow_id == workflow_id,
        or_(Execution.idempotency_key == key, col(Execution.idempotency_key).startswith(f"{key}~", autoescape=True)),
    )
    return (await session.exec(query.order_by(col(Execution.id)))).all()


async def _find_workflow(session: AsyncSession, parent: Execution, workflow_id: str) -> Workflow:
    """Read the workflow, if the owner of the one that runs it may run it."""
    owner = select(Workflow.user_id).where(Workflow.id == parent.workflow_id).scalar_subquery()
    is_owners = and_(
        col(Membership.user_id) == owner,
        col(Membership.workspace_id) == col(Workflow.workspace_id),
        col(Membership.role) != "viewer",
    )
    query = (
        select(Workflow, Membership.id)
        .outerjoin(Membership, is_owners)
        .where(Workflow.id == workflow_id, col(Workflow.deleted_at).is_(None))
    )
    found = (await session.exec(query)).first()
    if found is None:
        raise _refusal("There is no workflow of this id, or it was deleted: choose another.")
    workflow, membership = found
    if membership is None:
        raise _refusal("The owner of this workflow may not run the one that it names: choose one of their own.")
    return workflow


def _refusal(message: str) -> StepError:
    return StepError(message, kind="no_workflow", field="workflow")
