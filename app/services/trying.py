"""Trying a connection: its plugin asks the service something harmless and says what it heard."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import httpx

from app.errors import AppError
from app.models import User
from app.runtime import Runtime
from app.services.connections import find_plugin, find_to_write
from engine.errors import StepError
from engine.redact import Redactor, find_secret_credentials
from engine.sdk import StepContext, TestFunction

SECONDS = 15


@dataclass(frozen=True, kw_only=True)
class Tried:
    """How it went, in words that hold no secret."""

    ok: bool
    message: str


async def try_connection(rt: Runtime, user: User, connection_id: str) -> Tried:
    """Try what the connection holds now; raise NotFound or Forbidden."""
    async with rt.database.read() as session:
        connection = await find_to_write(session, user, connection_id)
    plugin = find_plugin(rt, connection.plugin)
    try:
        credentials = rt.outside.open_credentials(connection)
    except AppError as error:
        return Tried(ok=False, message=error.message)
    if plugin.test is None:
        return Tried(ok=True, message="All fields are filled in. This service can only be tried by using it.")
    tried = await _try(plugin.test, _make_context(rt, credentials))
    redactor = Redactor(find_secret_credentials(plugin.credentials, credentials))
    return Tried(ok=tried.ok, message=redactor.clean_text(tried.message))


async def _try(test: TestFunction, context: StepContext) -> Tried:
    try:
        async with asyncio.timeout(SECONDS):
            return Tried(ok=True, message=await test(context))
    except StepError as error:
        return Tried(ok=False, message=error.message)
    except (httpx.HTTPError, TimeoutError):
        return Tried(ok=False, message="The service didn't answer. Check its address, and that it is up.")


def _make_context(rt: Runtime, credentials: Mapping[str, str]) -> StepContext:
    return StepContext(
        http=rt.http,
        idempotency_key="",
        evaluate=_refuse,
        now=rt.clock,
        find_address=rt.outside.find_address,
        start_workflow=_refuse,
        find_file=rt.outside.find_file,
        timeout=SECONDS,
        credentials=credentials,
    )


async def _refuse(*_: Any, **__: Any) -> NoReturn:
    raise StepError("To try a connection, no workflow runs.")
