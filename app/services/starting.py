"""Starting executions, and waiting for their end."""

from typing import Any

from app.errors import Invalid, InvalidWorkflow
from app.models import User, Workflow
from app.runtime import Runtime
from app.services.executions import get_execution
from app.services.rights import find_rev, find_workflow
from app.services.values import check_json
from app.snapshots import Snapshot
from engine.models import Execution

PRIORITIES = {"webhook": 1, "schedule": 2}  # of all other triggers 0: a person waits


async def start_execution(
    rt: Runtime,
    user: User,
    workflow_id: str,
    *,
    input: Any,
    trigger: str = "manual",
    idempotency_key: str | None = None,
) -> Execution:
    """Start the draft as it is now; raise InvalidWorkflow with all of its problems. The same key starts it once.

    When as many are open as the workflow's `concurrency` allows, it waits, is skipped, or ends others, as that says.
    """
    check_json(input)
    _check_key(idempotency_key)
    rev = await find_rev(rt, user, workflow_id, to="write")
    if idempotency_key and (known := await _find_known(rt, workflow_id, idempotency_key)):
        return known
    snapshot = rt.snapshots.find(workflow_id, rev) or await take_snapshot(rt, user, workflow_id)
    check_problems(snapshot.problems)
    return await rt.starter.start(prepare(snapshot, trigger=trigger, input=input, idempotency_key=idempotency_key))


async def wait_for(rt: Runtime, user: User, execution_id: str, seconds: float) -> Execution:
    """The execution when it has ended, or as it is after that time."""
    await get_execution(rt, user, execution_id)
    await rt.worker.wait(execution_id, seconds)
    return await get_execution(rt, user, execution_id)


async def check_runnable(rt: Runtime, workflow: Workflow) -> None:
    """Raise InvalidWorkflow when something keeps the workflow from running."""
    check_problems((await rt.snapshots.take(workflow)).problems)


async def take_snapshot(rt: Runtime, user: User, workflow_id: str) -> Snapshot:
    """The draft as it is now, for somebody who may run it; it may have problems."""
    async with rt.database.read() as session:
        workflow = await find_workflow(session, user, workflow_id, to="write")
    return await rt.snapshots.take(workflow)


def check_problems(problems: list[dict[str, Any]]) -> None:
    """Raise InvalidWorkflow when there are any."""
    if problems:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        raise InvalidWorkflow(f"The workflow has {count}.", problems)


def prepare(snapshot: Snapshot, *, trigger: str, input: Any, **columns: Any) -> Execution:
    """Make an execution that is yet to be started."""
    return Execution(
        workflow_id=snapshot.workflow_id,
        workflow_name=snapshot.name,
        definition=snapshot.definition,
        trigger=trigger,
        priority=PRIORITIES.get(trigger, 0),
        input=input,
        **columns,
    )


async def _find_known(rt: Runtime, workflow_id: str, key: str) -> Execution | None:
    async with rt.database.read() as session:
        return await rt.store.find_by_idempotency_key(session, workflow_id, key)


def _check_key(key: str | None) -> None:
    if key is not None and not (0 < len(key) <= 200 and key.isprintable()):
        raise Invalid("The Idempotency-Key is a text of 1 to 200 printable characters.")
