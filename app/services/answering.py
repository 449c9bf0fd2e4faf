"""Answers to executions that wait: a person's decision, or a request to the URL that an execution gave out."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from sqlmodel import select

from app.errors import Conflict, Forbidden, Gone, NotFound
from app.models import User, Workflow
from app.runtime import Runtime
from app.services.emails import normalize_email
from app.services.rights import NO_EXECUTION
from app.services.values import check_json, is_storable
from engine.models import Execution, ExecutionWait

Decision = Literal["approved", "rejected"]


async def decide_approval(
    rt: Runtime,
    user: User,
    execution_id: str,
    *,
    node: str,
    decision: Decision,
    comment: str = "",
    iteration: Sequence[int] | None = None,
) -> Execution:
    """Give the decision that a node waits for, in a loop the oldest that is open unless an iteration is named.

    Only an approver may, whether or not they see the workflow. Raise Conflict when it is decided or too late.
    """
    check_json({"comment": comment})
    owner_id = await _find_owner_id(rt, execution_id)
    asked = [wait for wait in await rt.mailbox.find_approvals(execution_id) if _is_at(wait, node, iteration)]
    if not asked and user.id == owner_id:
        raise NotFound(f"Nobody is asked for a decision at {node!r}.")
    mine = [wait for wait in asked if _may_decide(user, wait, owner_id)]
    if not mine:
        raise Forbidden("Only those who are asked for this decision can give it.")
    now = rt.engine_clock.now()
    answer = {"decision": decision, "by": user.email, "comment": comment, "at": now.isoformat()}
    if (wait := next((wait for wait in mine if _is_open(wait, now)), None)) is None or not await rt.mailbox.answer(
        wait, answer, now
    ):
        raise Conflict("This has been decided, or its time is over. Look at the execution.")
    return await _wake(rt, execution_id)


async def resume_execution(rt: Runtime, token: str, request: dict[str, Any]) -> Execution:
    """Give a waiting execution the request to its own URL; raise NotFound, or Gone when nobody waits any more."""
    check_json(request)
    if (wait := await rt.mailbox.find_request(token)) is None:
        raise NotFound("No execution waits at this address.")
    if not await rt.mailbox.answer(wait, request, rt.engine_clock.now()):
        raise Gone("The execution that waited here waits no longer: it had its request, its time is over, or it ended.")
    return await _wake(rt, wait.execution_id)


async def _find_owner_id(rt: Runtime, execution_id: str) -> str:
    query = select(Workflow.user_id).join(Execution, Execution.workflow_id == Workflow.id)  # type: ignore[arg-type]
    async with rt.database.read() as session:
        found = (await session.exec(query.where(Execution.id == execution_id))) if is_storable(execution_id) else None
        if found is None or (owner_id := found.first()) is None:
            raise NotFound(NO_EXECUTION)
    return owner_id


def _is_at(wait: ExecutionWait, node: str, iteration: Sequence[int] | None) -> bool:
    return wait.node_id == node and (iteration is None or wait.iteration == list(iteration))


def _is_open(wait: ExecutionWait, now: datetime) -> bool:
    return wait.answered_at is None and (wait.expires_at is None or wait.expires_at > now)


def _may_decide(user: User, wait: ExecutionWait, owner_id: str) -> bool:
    if not wait.approvers:
        return user.id == owner_id
    return user.email_key in map(normalize_email, wait.approvers)


async def _wake(rt: Runtime, execution_id: str) -> Execution:
    await rt.worker.wake(execution_id)
    execution = await rt.store.get_execution(execution_id)
    assert execution
    return execution
