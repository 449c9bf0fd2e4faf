"""Starting, ending, retrying and deciding over the interface."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Response
from pydantic import BaseModel, Field

from app.api.access import CurrentUser, RuntimeOf
from app.api.body import JsonRoute
from app.api.executions import ExecutionOut, Json, Status
from app.models import User
from app.runtime import Runtime
from app.services import answering, control, one_node, retrying, starting
from app.services.executions import describe
from engine.models import Execution

router = APIRouter(prefix="/api", tags=["Executions"], route_class=JsonRoute)


class Execute(BaseModel):
    """`test` takes pinned outputs; `node` runs that node alone, with `pinned` outputs of those before it."""

    input: Json = {}
    test: bool = False
    node: str | None = None
    pinned: Json = {}


class Started(BaseModel):
    execution_id: str
    status: Status


class StatusOut(BaseModel):
    id: str
    status: Status


class RetryIn(BaseModel):
    """`from` is "failed", "start" or the id of a node; `definition` "current" takes the draft as it is now."""

    begin: str = Field("failed", alias="from")
    definition: Literal["original", "current"] = "original"


class DecisionIn(BaseModel):
    """`iteration` says which of several, where a node waits in a loop; without it, it is the oldest."""

    node: str
    decision: Literal["approved", "rejected"]
    comment: str = ""
    iteration: list[int] | None = None


@router.post(
    "/workflows/{workflow_id}/execute",
    status_code=202,
    summary="Start a workflow",
    responses={200: {"model": ExecutionOut, "description": "It has ended within `wait` seconds"}},
    response_model=Started,
)
async def execute(
    rt: RuntimeOf,
    user: CurrentUser,
    workflow_id: str,
    body: Execute | None = None,
    wait: Annotated[float, Query(ge=0, le=300, description="Answer when it has ended, at most this many seconds")] = 0,
    idempotency_key: Annotated[str | None, Header()] = None,
) -> Any:
    execution = await _start(rt, user, workflow_id, body or Execute(), idempotency_key)
    if wait:
        execution = await starting.wait_for(rt, user, execution.id, wait)
    if wait and execution.completed_at:
        return _answer(ExecutionOut.model_validate(await describe(rt, execution)))
    return Started.model_validate({"execution_id": execution.id, "status": execution.status})


@router.post("/executions/{execution_id}/cancel", summary="Cancel an execution")
async def cancel_execution(rt: RuntimeOf, user: CurrentUser, execution_id: str) -> StatusOut:
    execution = await control.cancel_execution(rt, user, execution_id)
    return StatusOut.model_validate({"id": execution.id, "status": execution.status})


@router.post("/executions/{execution_id}/retry", status_code=202, summary="Retry an execution")
async def retry_execution(rt: RuntimeOf, user: CurrentUser, execution_id: str, body: RetryIn) -> Started:
    execution = await retrying.retry_execution(rt, user, execution_id, begin=body.begin, definition=body.definition)
    return Started.model_validate({"execution_id": execution.id, "status": execution.status})


@router.post("/executions/{execution_id}/approve", summary="Decide what an execution asks")
async def decide_approval(rt: RuntimeOf, user: CurrentUser, execution_id: str, body: DecisionIn) -> StatusOut:
    execution = await answering.decide_approval(rt, user, execution_id, **body.model_dump())
    return StatusOut.model_validate({"id": execution.id, "status": execution.status})


async def _start(rt: Runtime, user: User, workflow_id: str, body: Execute, key: str | None) -> Execution:
    if body.node is not None:
        given = body.input if "input" in body.model_fields_set else None
        return await one_node.run_node(rt, user, workflow_id, body.node, input=given, pinned=body.pinned)
    trigger = "test" if body.test else "manual"
    return await starting.start_execution(rt, user, workflow_id, input=body.input, trigger=trigger, idempotency_key=key)


def _answer(execution: ExecutionOut) -> Response:
    return Response(execution.model_dump_json(), media_type="application/json")
