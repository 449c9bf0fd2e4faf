"""What a workflow can be made of, and the pictures of it."""

from typing import Any, Literal

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel

from app.api.access import RuntimeOf, find_signed_in
from app.services import integrations

router = APIRouter(prefix="/api/integrations", tags=["Integrations"])


class OptionOut(BaseModel):
    value: str
    label: str


class ShowWhen(BaseModel):
    field: str
    equals: str


class FieldOut(BaseModel):
    name: str
    label: str
    kind: str
    required: bool
    default: Any
    options: list[OptionOut]
    help: str
    placeholder: str
    show_when: ShowWhen | None


class OutputOut(BaseModel):
    name: str
    description: str


class StepOut(BaseModel):
    action: str
    label: str
    description: str
    type: Literal["trigger", "action", "condition", "group"]
    handles: list[str]
    icon_url: str
    fields: list[FieldOut]
    outputs: list[OutputOut]
    result: Literal["json", "image", "video", "link", "table"]


class IntegrationOut(BaseModel):
    name: str
    display_name: str
    description: str
    icon_url: str
    credentials: list[FieldOut]
    steps: list[StepOut]


class IntegrationPage(BaseModel):
    items: list[IntegrationOut]
    next_cursor: str | None = None


SVG = "image/svg+xml"
PICTURE: dict[int | str, dict[str, Any]] = {200: {"content": {SVG: {}}}}


@router.get("", summary="List the integrations", dependencies=[Depends(find_signed_in)])
async def list_integrations(rt: RuntimeOf) -> IntegrationPage:
    return IntegrationPage.model_validate({"items": integrations.list_integrations(rt)})


@router.get("/{plugin}/icon.svg", summary="The picture of an integration", response_class=Response, responses=PICTURE)
def plugin_icon(rt: RuntimeOf, plugin: str) -> Response:
    return _picture(integrations.read_icon(rt, plugin))


@router.get("/{plugin}/{step}.svg", summary="The picture of a step", response_class=Response, responses=PICTURE)
def step_icon(rt: RuntimeOf, plugin: str, step: str) -> Response:
    return _picture(integrations.read_icon(rt, plugin, step))


def _picture(content: bytes) -> Response:
    return Response(content, media_type=SVG, headers={"Cache-Control": "public, max-age=604800"})
