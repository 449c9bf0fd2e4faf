"""Connections over the interface: secrets go in and never come out."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from app.api.access import CurrentUser, RuntimeOf
from app.api.body import JsonRoute
from app.models import Connection
from app.services import connections as service
from app.services import trying

router = APIRouter(prefix="/api/connections", tags=["Connections"], route_class=JsonRoute)
# The service checks these, in words of its own; programs read them here.
Name = Annotated[str, Field(json_schema_extra={"minLength": 1, "maxLength": 200})]
BaseUrl = Annotated[str | None, Field(json_schema_extra={"format": "uri"})]
Limit = Annotated[int, Query(ge=1, le=200)]


class NewConnection(BaseModel):
    """`credentials` has the fields that the integration asks for."""

    plugin: str
    name: Name
    credentials: dict[str, Any]
    base_url: BaseUrl = None


class ConnectionChange(BaseModel):
    """What isn't given is kept, single credentials, too."""

    name: Name = ""
    credentials: dict[str, Any] = {}
    base_url: BaseUrl = None


class ConnectionOut(BaseModel):
    id: str
    plugin: str
    name: str
    base_url: str | None
    created_at: datetime
    last_used_at: datetime | None


class ConnectionPage(BaseModel):
    items: list[ConnectionOut]
    next_cursor: str | None


class TriedOut(BaseModel):
    ok: bool
    message: str


@router.get("", summary="List connections")
async def list_connections(
    rt: RuntimeOf, user: CurrentUser, plugin: str | None = None, limit: Limit = 50, cursor: str | None = None
) -> ConnectionPage:
    page = await service.list_connections(rt, user, plugin=plugin, limit=limit, cursor=cursor)
    return ConnectionPage(items=[_show(connection) for connection in page.items], next_cursor=page.next_cursor)


@router.post("", status_code=201, summary="Create a connection")
async def create_connection(rt: RuntimeOf, user: CurrentUser, body: NewConnection) -> ConnectionOut:
    made = await service.create_connection(
        rt, user, plugin=body.plugin, name=body.name, credentials=body.credentials, base_url=body.base_url
    )
    return _show(made)


@router.get("/{connection_id}", summary="Read a connection, without its secrets")
async def get_connection(rt: RuntimeOf, user: CurrentUser, connection_id: str) -> ConnectionOut:
    return _show(await service.get_connection(rt, user, connection_id))


@router.patch("/{connection_id}", summary="Change some fields of a connection")
async def update_connection(
    rt: RuntimeOf, user: CurrentUser, connection_id: str, body: ConnectionChange
) -> ConnectionOut:
    fields = body.model_dump(exclude_unset=True)
    return _show(await service.update_connection(rt, user, connection_id, fields))


@router.delete("/{connection_id}", status_code=204, summary="Delete a connection")
async def delete_connection(rt: RuntimeOf, user: CurrentUser, connection_id: str) -> None:
    await service.delete_connection(rt, user, connection_id)


@router.post("/{connection_id}/test", summary="Try a connection")
async def test_connection(rt: RuntimeOf, user: CurrentUser, connection_id: str) -> TriedOut:
    return TriedOut.model_validate(await trying.try_connection(rt, user, connection_id), from_attributes=True)


def _show(connection: Connection) -> ConnectionOut:
    return ConnectionOut.model_validate(connection, from_attributes=True)
