"""Connections: a workspace's accounts at services, whose secrets go in and never come out."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from sqlmodel import and_, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.errors import Forbidden, Invalid, NotFound
from app.models import Connection, Membership, User
from app.runtime import Runtime
from app.services.paging import Page, check_limit, read_cursor, write_cursor
from app.services.values import check_json, check_text, invalid_field, is_storable
from engine.field_problems import find_input_problems, is_on
from engine.sdk import Plugin, Step

MISSING = "There is no connection of this id. It may have been deleted."
MAX_VALUE = 20_000  # characters of one credential


async def list_connections(
    rt: Runtime, user: User, *, plugin: str | None = None, limit: int = 50, cursor: str | None = None
) -> Page[Connection]:
    """The connections of the user's workspaces, newest first; those of one plugin if it is named."""
    mine = select(Membership.workspace_id).where(Membership.user_id == user.id)
    query = select(Connection).where(col(Connection.workspace_id).in_(mine))
    if plugin is not None:
        query = query.where(Connection.plugin == (plugin if is_storable(plugin) else ""))
    if position := read_cursor(cursor, types=(str,)):
        query = query.where(col(Connection.id) < position[0])
    async with rt.database.read() as session:
        found = await session.exec(query.order_by(col(Connection.id).desc()).limit(check_limit(limit) + 1))
        rows = list(found.all())
    page = rows[:limit]
    return Page(items=page, next_cursor=write_cursor(page[-1].id) if len(rows) > limit else None)


async def get_connection(rt: Runtime, user: User, connection_id: str) -> Connection:
    """One connection; raise NotFound or Forbidden."""
    async with rt.database.read() as session:
        return (await _find(session, user, connection_id))[0]


async def create_connection(
    rt: Runtime, user: User, *, plugin: str, name: str, credentials: Mapping[str, Any], base_url: str | None = None
) -> Connection:
    """Keep a connection in the user's workspace; raise Invalid with all that is wrong with its credentials."""
    async with rt.database.write() as session:
        mine = select(Membership).where(Membership.user_id == user.id, Membership.role != "viewer")
        membership = (await session.exec(mine.order_by(Membership.id))).first()
        if membership is None:
            raise Forbidden("You are in no workspace where you may make connections. Ask an administrator.")
        checked = check_credentials(find_plugin(rt, plugin), credentials)
        connection = Connection(
            user_id=user.id,
            workspace_id=membership.workspace_id,
            plugin=plugin,
            name=check_text(name, "name", label="Name", max_length=200),
            credentials=rt.outside.seal(checked),
            base_url=_check_base_url(base_url),
        )
        session.add(connection)
        return connection


async def update_connection(rt: Runtime, user: User, connection_id: str, fields: Mapping[str, Any]) -> Connection:
    """Change the name, the base URL and single credentials, those given; null takes an optional one away."""
    async with rt.database.write() as session:
        connection = await find_to_write(session, user, connection_id)
        if "name" in fields:
            connection.name = check_text(fields["name"], "name", label="Name", max_length=200)
        if "base_url" in fields:
            connection.base_url = _check_base_url(fields["base_url"])
        if given := fields.get("credentials"):
            connection.credentials = rt.outside.seal(_merge(rt, connection, given))
        session.add(connection)
        return connection


async def delete_connection(rt: Runtime, user: User, connection_id: str) -> None:
    """Forget a connection; steps that use it say so when they run."""
    async with rt.database.write() as session:
        await session.delete(await find_to_write(session, user, connection_id))


def check_credentials(plugin: Plugin, given: Mapping[str, Any]) -> dict[str, str]:
    """Return what the plugin's form shows, filled in; raise Invalid with every problem."""
    check_json(dict(given))
    form = Step(run=_never, name="credentials", label=plugin.display_name, description="", fields=plugin.credentials)
    known = {field.name for field in plugin.credentials}
    problems = [*find_input_problems(form, given), *_find_foreign(plugin, given, known), *_find_unfit(given, known)]
    if problems:
        details = [{"node": None, "field": f"credentials.{field}", "message": message} for field, message in problems]
        raise Invalid(" ".join(message for _, message in problems[:3]), details)
    shown = (field for field in plugin.credentials if is_on(form, field.show_when, given))
    return {field.name: value for field in shown if (value := given.get(field.name) or field.default)}


def _find_foreign(plugin: Plugin, given: Mapping[str, Any], known: set[str]) -> list[tuple[str, str]]:
    there = f"it has {', '.join(sorted(known))}" if known else "it has none"
    return [(name, f"{plugin.display_name} has no credential {name[:40]!r}; {there}.") for name in given.keys() - known]


def _find_unfit(given: Mapping[str, Any], known: set[str]) -> list[tuple[str, str]]:
    unfit = []
    for name in known & given.keys():
        match given[name]:
            case str(text) if len(text) > MAX_VALUE:
                unfit.append((name, f"{name} must have at most {MAX_VALUE:,} characters."))
            case str() | None | dict() | list():  # the form has spoken of the latter
                continue
            case _:
                unfit.append((name, f"{name} must be text."))
    return unfit


def _merge(rt: Runtime, connection: Connection, given: Mapping[str, Any]) -> dict[str, str]:
    """What it holds with what is given; if all that is required is given, nobody needs the old key."""
    plugin = find_plugin(rt, connection.plugin)
    try:
        held = rt.outside.open_credentials(connection)
    except Invalid:
        return check_credentials(plugin, given)
    held.pop("base_url", None)
    return check_credentials(plugin, {**held, **given})


def find_plugin(rt: Runtime, name: str) -> Plugin:
    """The plugin that a connection is for; raise Invalid."""
    plugin = next((plugin for plugin in rt.plugins if plugin.name == name), None)
    if plugin is None:
        raise invalid_field("plugin", f"There is no integration {name[:40]!r}.")
    if not plugin.credentials:
        raise invalid_field("plugin", f"{plugin.display_name} needs no connection.")
    return plugin


def _check_base_url(url: str | None) -> str | None:
    if url is None or not url.strip():
        return None
    text = check_text(url, "base_url", label="Base URL", max_length=2_000).rstrip("/")
    try:
        parts = urlsplit(text)
        is_good = parts.scheme in {"http", "https"} and parts.hostname and not parts.username and parts.port != 0
    except ValueError:
        is_good = False
    if not is_good:
        raise invalid_field("base_url", "Base URL must be like https://github.example.com/api/v3.")
    return text


async def _find(session: AsyncSession, user: User, connection_id: str) -> tuple[Connection, str]:
    """A connection and the user's role in its workspace; raise NotFound, or Forbidden for a stranger."""
    is_member = and_(col(Membership.workspace_id) == col(Connection.workspace_id), col(Membership.user_id) == user.id)
    query = select(Connection, Membership.role).outerjoin(Membership, is_member).where(Connection.id == connection_id)
    row = (await session.exec(query)).first() if is_storable(connection_id) else None
    if row is None:
        raise NotFound(MISSING)
    connection, role = row
    if role is None:
        raise Forbidden("This connection belongs to somebody else. Ask them to share their workspace with you.")
    return connection, role


async def find_to_write(session: AsyncSession, user: User, connection_id: str) -> Connection:
    """The same for who may change it."""
    connection, role = await _find(session, user, connection_id)
    if role == "viewer":
        raise Forbidden("You may use workflows here, but not change or try connections. Ask to become an editor.")
    return connection


async def _never() -> None:
    """A form of credentials is not run."""
