"""What executions did, over the interface."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field, TypeAdapter

from app.api.access import CurrentUser, RuntimeOf
from app.api.body import JsonRoute
from app.api.workflows import Limit
from app.models import User
from app.runtime import Runtime
from app.services import executions as service
from app.services import large, logs

router = APIRouter(prefix="/api", tags=["Executions"], route_class=JsonRoute)
Json = dict[str, Any]
Status = Literal["pending", "running", "waiting", "succeeded", "failed", "cancelled"]
NodeStatus = Literal["pending", "running", "waiting", "succeeded", "failed", "cancelled", "skipped"]


class Rounds(BaseModel):
    """How many iterations of a loop ended well, failed or were cancelled; `total` is None where a condition ends it."""

    done: int
    failed: int
    cancelled: int
    total: int | None


class FileOut(BaseModel):
    """The whole of a value that is too large to be shown: `size` in characters, `count` in entries or characters."""

    size: int
    kind: Literal["list", "object", "text", "value"]
    count: int
    url: str


class NodeOut(BaseModel):
    """How a node fared; `iterations` counts by status, with `total`, those of a node in a loop."""

    status: NodeStatus
    attempts: int
    started_at: datetime | None
    completed_at: datetime | None
    duration_ms: int | None
    iterations: dict[str, int] | None
    rounds: Rounds | None


class ExecutionSummary(BaseModel):
    id: str
    workflow_id: str
    workflow_name: str
    status: Status
    trigger: str
    error: Json | None
    retry_of: str | None
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    duration_ms: int | None


class ExecutionOut(ExecutionSummary):
    input: Any
    result: Any
    files: dict[str, FileOut]
    definition: Json
    nodes: dict[str, NodeOut]


class ExecutionPage(BaseModel):
    items: list[ExecutionSummary]
    next_cursor: str | None


class EventOut(BaseModel):
    seq: int
    node_id: str | None
    iteration: list[int]
    attempt: int
    status: NodeStatus
    input: Any
    output: Any
    error: Json | None
    handles: list[str] | None
    stdout: str | None
    files: dict[str, FileOut]
    timestamp: datetime


class EventPage(BaseModel):
    items: list[EventOut]
    next_cursor: str | None


class ListQuery(BaseModel):
    status: Status | None = None
    trigger: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    search: str = ""
    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = None


class ListAllQuery(ListQuery):
    workflow: str | None = None


STREAM = "text/event-stream"
EVENTS: dict[int | str, dict[str, Any]] = {200: {"content": {STREAM: {}}}}
ROW = TypeAdapter(EventOut)


@router.get("/executions", summary="List executions")
async def list_executions(rt: RuntimeOf, user: CurrentUser, query: Annotated[ListAllQuery, Query()]) -> ExecutionPage:
    return await _list(rt, user, query, query.workflow)


@router.get("/workflows/{workflow_id}/executions", summary="List a workflow's executions")
async def list_executions_of(
    rt: RuntimeOf, user: CurrentUser, workflow_id: str, query: Annotated[ListQuery, Query()]
) -> ExecutionPage:
    return await _list(rt, user, query, workflow_id)


@router.get("/executions/{execution_id}", summary="Read an execution")
async def get_execution(rt: RuntimeOf, user: CurrentUser, execution_id: str) -> ExecutionOut:
    execution = await service.get_execution(rt, user, execution_id)
    return ExecutionOut.model_validate(await service.describe(rt, execution))


@router.get("/executions/{execution_id}/logs", summary="Read an execution's log")
async def read_logs(
    rt: RuntimeOf, user: CurrentUser, execution_id: str, limit: Limit = 50, cursor: str | None = None
) -> EventPage:
    page = await logs.read_logs(rt, user, execution_id, limit=limit, cursor=cursor)
    items = [logs.describe_event(event) for event in page.items]
    return EventPage.model_validate({"items": items, "next_cursor": page.next_cursor})


@router.get(
    "/executions/{execution_id}/files/{file_id}",
    summary="Read a large value",
    response_class=Response,
    responses={200: {"content": {"application/json": {}}}},
)
async def read_file(rt: RuntimeOf, user: CurrentUser, execution_id: str, file_id: str) -> StreamingResponse:
    pieces = await large.read_file(rt, user, execution_id, file_id)
    return StreamingResponse(pieces, media_type="application/json", headers={"Cache-Control": "private, max-age=86400"})


@router.get(
    "/executions/{execution_id}/events", summary="Watch an execution", response_class=Response, responses=EVENTS
)
async def watch(
    rt: RuntimeOf,
    user: CurrentUser,
    execution_id: str,
    last_event_id: Annotated[int, Header(ge=0, le=2**31 - 1, description="The `seq` after which to go on")] = 0,
) -> StreamingResponse:
    await service.get_execution(rt, user, execution_id)  # once it streams, an error has no status any more
    events = logs.watch(rt, user, execution_id, after_seq=last_event_id)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}  # no proxy may hold events back
    return StreamingResponse(_stream(events), media_type=STREAM, headers=headers)


async def _list(rt: Runtime, user: User, query: ListQuery, workflow_id: str | None) -> ExecutionPage:
    filters = query.model_dump(exclude={"limit", "cursor", "workflow"})
    page = await service.list_executions(
        rt, user, workflow_id=workflow_id, limit=query.limit, cursor=query.cursor, **filters
    )
    items = [service.describe_briefly(execution) for execution in page.items]
    return ExecutionPage.model_validate({"items": items, "next_cursor": page.next_cursor})


async def _stream(events: AsyncIterator[Any]) -> AsyncIterator[bytes]:
    yield b": watching\n\n"
    async for event in events:
        if event is None:
            yield b": still here\n\n"
        else:
            row = ROW.dump_json(EventOut.model_validate(logs.describe_event(event)))
            yield b"id: %d\ndata: %b\n\n" % (event.seq, row)
