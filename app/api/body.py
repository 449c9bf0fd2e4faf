"""Bodies: how large one may be, and what counts as JSON."""

import json
import math
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.errors import error_response
from app.errors import Invalid
from app.runtime import get_runtime
from app.security import read_session_cookie

FOR_STRANGERS = 64 * 1024  # bytes kept in memory of somebody who shows no session: an account's form is small
OPEN_TO_ALL = ("/api/auth/", "/api/resume/")  # whoever asks, it is no more than that
PATIENCE = 4  # times the setting is read, and thrown away: many clients read no answer before they sent all


class BodyLimit:
    """Reads a body whole before anything else sees the request; more than the setting allows is 413."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/api/"):
            await self._app(scope, receive, send)
            return
        max_body = get_runtime().settings.max_body
        limit, patience = _limit(scope, max_body), PATIENCE * max_body
        if _declared_length(scope) > patience or (body := await _read(receive, limit, patience)) is None:
            message = (
                f"The request is larger than {limit:,} bytes. Send less, sign in first, or raise TREADLE_MAX_BODY."
            )
            headers = {"Connection": "close"}
            await error_response(413, "too_large", message, headers=headers)(scope, receive, send)
        else:
            await self._app(scope, _replay(body, receive), send)


class JsonRoute(APIRoute):
    """A route whose JSON bodies are read strictly."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_strictly(request: Request) -> Response:
            return await handle(_JsonRequest(request.scope, request.receive))

        return handle_strictly


class Unreadable(Invalid):
    """The body is no JSON at all."""

    status = 400


def parse_json(body: bytes) -> Any:
    """Read JSON as the standard has it; raise Unreadable for anything else."""
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_refuse_constant, parse_float=_parse_float)
    except UnicodeDecodeError as error:
        raise Unreadable("The body is not valid UTF-8.") from error
    except RecursionError as error:
        raise Unreadable("The body is nested too deep.") from error
    except json.JSONDecodeError as error:
        raise Unreadable(f"The body is not valid JSON: {error}.") from error
    except ValueError as error:  # Python's own limit
        raise Unreadable("The body holds a whole number of more than 300 digits.") from error


class _JsonRequest(Request):
    async def json(self) -> Any:
        return parse_json(await self.body())


def _parse_float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise Unreadable(f"The body is not valid JSON: {text[:20]} is too large for a number.")
    return number


def _refuse_constant(name: str) -> NoReturn:
    raise Unreadable(f"The body is not valid JSON: {name} is not a JSON value.")


def _limit(scope: Scope, max_body: int) -> int:
    headers = Headers(scope=scope)
    is_stranger = read_session_cookie(headers.get("cookie", "")) is None and "authorization" not in headers
    is_small = is_stranger or scope["path"].startswith(OPEN_TO_ALL)
    return min(FOR_STRANGERS, max_body) if is_small else max_body


def _declared_length(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0


async def _read(receive: Receive, limit: int, patience: int) -> bytes | None:
    parts, size, is_more = [], 0, True
    while is_more and size <= patience:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        part = message.get("body", b"")
        if (size := size + len(part)) <= limit:
            parts.append(part)
        is_more = message.get("more_body", False)
    return b"".join(parts) if size <= limit else None


def _replay(body: bytes, receive: Receive) -> Receive:
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return messages.pop() if messages else await receive()

    return replay
