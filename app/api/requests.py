"""Requests from elsewhere, as a workflow gets them."""

from typing import Any

from fastapi import Request

from app.api.body import Unreadable, parse_json
from app.security import without_session_cookie


async def read_request(request: Request) -> dict[str, Any]:
    """Return `{method, path, query, headers, body}`: names of headers in lower case, JSON parsed, text as text.

    Raise Unreadable for a body that is neither. Our own session is nobody's business but ours.
    """
    return {
        "method": request.method,
        "path": request.url.path,
        "query": _gather(request.query_params.multi_items()),
        "headers": _read_headers(request),
        "body": _read_body(request, await request.body()),
    }


def _gather(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """A name that comes several times has a list."""
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def _read_headers(request: Request) -> dict[str, str]:
    headers = {name: ", ".join(request.headers.getlist(name)) for name in request.headers}
    if cookies := without_session_cookie("; ".join(request.headers.getlist("cookie"))):
        return {**headers, "cookie": cookies}
    headers.pop("cookie", None)
    return headers


def _read_body(request: Request, body: bytes) -> Any:
    if not body:
        return None
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind.endswith(("/json", "+json")):
        return parse_json(body)
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unreadable("The body is neither JSON nor text in UTF-8.") from error
