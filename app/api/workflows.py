"""Workflows over the interface."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Query
from pydantic import BaseModel, ConfigDict, Field

from app.api.access import CurrentUser, RuntimeOf
from app.api.body import JsonRoute
from app.models import Workflow
from app.runtime import Runtime
from app.services import activation, editing
from app.services import workflows as service

router = APIRouter(prefix="/api/workflows", tags=["Workflows"], route_class=JsonRoute)
Json = dict[str, Any]


# The services check these, in words of their own; programs read them here.
Name = Annotated[str, Field(json_schema_extra={"minLength": 1, "maxLength": 200})]
NodeJson = Annotated[Json, Field(json_schema_extra={"required": ["id"], "properties": {"id": {"type": "string"}}})]
END = {"type": "string", "minLength": 1}
EdgeJson = Annotated[
    Json, Field(json_schema_extra={"required": ["source", "target"], "properties": {"source": END, "target": END}})
]


class Definition(BaseModel):
    """A workflow as people write it; unknown fields are kept."""

    model_config = ConfigDict(extra="allow")

    name: Name
    description: str = ""
    nodes: list[NodeJson]
    edges: list[EdgeJson]
    tags: list[str] = []


class ProblemOut(BaseModel):
    node: str | None
    field: str | None
    message: str


class WorkflowOut(Definition):
    id: str
    rev: int
    active: bool
    problems: list[ProblemOut]
    webhook_url: str | None
    next_runs: list[datetime]
    created_at: datetime
    updated_at: datetime


class WorkflowSummary(BaseModel):
    id: str
    name: str
    description: str
    rev: int
    active: bool
    tags: list[str]
    node_count: int
    created_at: datetime
    updated_at: datetime


class WorkflowPage(BaseModel):
    items: list[WorkflowSummary]
    next_cursor: str | None


class Ops(BaseModel):
    rev: int
    ops: list[Json]


class ChangeOut(BaseModel):
    """What has been applied; `rejected` ops had nothing left to act upon."""

    rev: int
    ops: list[Json]
    rejected: list[Json]
    problems: list[ProblemOut]


# The services read the body themselves, so that all that is wrong with a definition is said in one way.
DefinitionBody = Annotated[Any, Body(json_schema_extra=Definition.model_json_schema())]
PatchBody = Annotated[Any, Body(json_schema_extra={"type": "object"})]
Limit = Annotated[int, Query(ge=1, le=200)]


@router.get("", summary="List workflows")
async def list_workflows(
    rt: RuntimeOf,
    user: CurrentUser,
    search: str = "",
    tag: str | None = None,
    sort: Literal["updated", "created", "name"] = "updated",
    limit: Limit = 50,
    cursor: str | None = None,
) -> WorkflowPage:
    page = await service.list_workflows(rt, user, search=search, tag=tag, sort=sort, limit=limit, cursor=cursor)
    return WorkflowPage(items=[_summarize(workflow) for workflow in page.items], next_cursor=page.next_cursor)


@router.post("", status_code=201, summary="Create a workflow")
async def create_workflow(rt: RuntimeOf, user: CurrentUser, body: DefinitionBody) -> WorkflowOut:
    return await _describe(rt, await service.create_workflow(rt, user, body))


@router.get("/{workflow_id}", summary="Read a workflow")
async def get_workflow(rt: RuntimeOf, user: CurrentUser, workflow_id: str) -> WorkflowOut:
    return await _describe(rt, await service.get_workflow(rt, user, workflow_id))


@router.put("/{workflow_id}", summary="Replace a workflow")
async def replace_workflow(rt: RuntimeOf, user: CurrentUser, workflow_id: str, body: DefinitionBody) -> WorkflowOut:
    return await _describe(rt, await service.replace_workflow(rt, user, workflow_id, body))


@router.patch("/{workflow_id}", summary="Change some fields of a workflow")
async def patch_workflow(rt: RuntimeOf, user: CurrentUser, workflow_id: str, body: PatchBody) -> WorkflowOut:
    return await _describe(rt, await service.patch_workflow(rt, user, workflow_id, body))


@router.delete("/{workflow_id}", status_code=204, summary="Delete a workflow")
async def delete_workflow(rt: RuntimeOf, user: CurrentUser, workflow_id: str) -> None:
    await service.delete_workflow(rt, user, workflow_id)


@router.post("/{workflow_id}/restore", summary="Bring a deleted workflow back")
async def restore_workflow(rt: RuntimeOf, user: CurrentUser, workflow_id: str) -> WorkflowOut:
    return await _describe(rt, await service.restore_workflow(rt, user, workflow_id))


@router.post("/{workflow_id}/activate", summary="Let a workflow answer its webhook and its schedule")
async def activate_workflow(rt: RuntimeOf, user: CurrentUser, workflow_id: str) -> WorkflowOut:
    return await _describe(rt, await activation.activate_workflow(rt, user, workflow_id))


@router.post("/{workflow_id}/deactivate", summary="Let a workflow answer nothing")
async def deactivate_workflow(rt: RuntimeOf, user: CurrentUser, workflow_id: str) -> WorkflowOut:
    return await _describe(rt, await activation.deactivate_workflow(rt, user, workflow_id))


@router.post("/{workflow_id}/duplicate", status_code=201, summary="Copy a workflow")
async def duplicate_workflow(rt: RuntimeOf, user: CurrentUser, workflow_id: str) -> WorkflowOut:
    return await _describe(rt, await service.duplicate_workflow(rt, user, workflow_id))


@router.post("/{workflow_id}/ops", summary="Apply the editor's operations")
async def apply_ops(rt: RuntimeOf, user: CurrentUser, workflow_id: str, body: Ops) -> ChangeOut:
    change = await editing.apply_ops(rt, user, workflow_id, body.ops, body.rev)
    return ChangeOut.model_validate(change, from_attributes=True)


async def _describe(rt: Runtime, workflow: Workflow) -> WorkflowOut:
    problems = await editing.problems_of(rt, workflow)
    return WorkflowOut.model_validate(service.describe_workflow(workflow, problems))


def _summarize(workflow: Workflow) -> WorkflowSummary:
    return WorkflowSummary.model_validate({**workflow.model_dump(), "node_count": len(workflow.nodes)})
