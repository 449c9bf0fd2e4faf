"""One HTTP request: sent as the form says, read up to a limit, its failures said in words."""

import base64
import codecs
import html
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import httpx

from engine.sdk import StepContext, StepError

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
BEGINNINGS = "http:// or https://, or with / for Treadle's own files"
MAX_BYTES = 10 * 1024 * 1024
MAX_WAIT = 86_400.0  # seconds
NOT_FOR_TEXT = frozenset({"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined"})
TITLE = re.compile(r"<title[^>]{0,200}>(.{0,1000}?)</title>", re.IGNORECASE | re.DOTALL)
PASSING = frozenset({408, 429})  # and all from 500: worth another try


async def request(  # noqa: PLR0913 - the form's fields
    context: StepContext,
    *,
    method: str,
    url: str,
    query: dict[str, Any] | None,
    headers: dict[str, Any] | None,
    body_type: str,
    body: Any,
    fail_on_status: bool,
    follow_redirects: bool,
) -> dict[str, Any]:
    """Send the request and give status, headers, body and final URL."""
    prepared = _prepare(context.http, method, url, query, headers, body_type, body)
    try:
        response = await context.http.send(prepared, stream=True, follow_redirects=follow_redirects)
        try:
            content = await _read(response)
        finally:
            await response.aclose()
    except httpx.HTTPError as error:
        raise _explain(error, prepared.url) from None
    except UnicodeError:  # the resolver's word for it
        raise StepError(f"{prepared.url.host[:100]!r} is no name of a host.", field="url") from None
    if fail_on_status and response.status_code >= 400:
        raise _refused(response, content)
    return {
        "status": response.status_code,
        "headers": dict(response.headers),
        "body": _parse(response, content),
        "url": str(response.url),
    }


def _prepare(
    http: httpx.AsyncClient,
    method: str,
    url: str,
    query: Mapping[str, Any] | None,
    headers: Mapping[str, Any] | None,
    body_type: str,
    body: Any,
) -> httpx.Request:
    sent = {name: _as_text(value).strip() for name, value in (headers or {}).items() if value is not None}
    address = _read_url(url)
    if query:
        address = address.copy_merge_params({name: _query_value(value) for name, value in query.items()})
    try:
        content, content_type = _encode(body_type, body)
        if content is not None:
            sent = {"content-type": content_type, **{name.lower(): value for name, value in sent.items()}}
        return _check_address(http.build_request(method, address, headers=sent, content=content))
    except UnicodeEncodeError:
        raise StepError("Headers may hold ASCII characters only.", field="headers") from None


def _read_url(value: Any) -> httpx.URL:
    """Anything but a whole URL or a path would be taken for a path of Treadle's own."""
    text = str(value or "").strip()
    if not text.lower().startswith(("http://", "https://", "/")) or text.startswith("//"):
        raise StepError(f"The URL must begin with {BEGINNINGS}.", field="url")
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL as error:
        raise StepError(f"{text[:200]!r} is not a URL: {error}", field="url") from None
    if url.is_absolute_url or text.startswith("/"):
        return url
    raise StepError("The URL has no host: write it as https://api.example.com/path.", field="url")


def _check_address(request: httpx.Request) -> httpx.Request:
    """A path of Treadle's own has become a whole URL by now."""
    if not request.url.host:
        raise StepError(f"The URL must begin with {BEGINNINGS}.", field="url")
    if request.url.port is not None and not 0 < request.url.port < 65_536:
        raise StepError("The port in the URL is a number from 1 to 65535.", field="url")
    return request


def _encode(body_type: str, body: Any) -> tuple[bytes | None, str]:
    if body is None or body == "" or body_type == "none":
        return None, ""
    match body_type, body:
        case "form", dict():
            pairs = {name: _query_value(value) for name, value in body.items()}
            return str(httpx.QueryParams(pairs)).encode(), "application/x-www-form-urlencoded"
        case "form", _:
            raise StepError("The body of a form must be an object of names and values.", field="body")
        case "text", _:
            return _as_text(body).encode(), "text/plain; charset=utf-8"
    return json.dumps(body, ensure_ascii=False).encode(), "application/json"


def _query_value(value: Any) -> str | list[str]:
    return [_as_text(item) for item in value] if isinstance(value, list) else _as_text(value)


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


async def _read(response: httpx.Response) -> bytes:
    content = bytearray()
    async for chunk in response.aiter_bytes():
        content += chunk
        if len(content) > MAX_BYTES:
            raise StepError(f"The answer is larger than {MAX_BYTES // 1024**2} MB: ask for less, such as one page.")
    return bytes(content)


def _parse(response: httpx.Response, content: bytes) -> Any:
    """Read JSON where the service says so and it is; else text, or base64 when it isn't text."""
    if "json" in response.headers.get("content-type", ""):
        try:
            return json.loads(content, parse_constant=_refuse_constant) if content else None
        except (ValueError, RecursionError):
            pass  # what calls itself JSON and is not is given as the text it is
    if b"\0" in content:
        return {"base64": base64.b64encode(content).decode()}
    return _decode(response, content)


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _decode(response: httpx.Response, content: bytes) -> str:
    """Read text as the service says; what it calls an encoding may be none, or one that isn't meant for text."""
    try:
        codec = codecs.lookup(response.charset_encoding or "utf-8").name
        text = content.decode("utf-8" if codec in NOT_FOR_TEXT else codec, errors="replace")
    except (LookupError, ValueError):
        text = content.decode(errors="replace")
    return text.encode(errors="replace").decode()


def _refused(response: httpx.Response, content: bytes) -> StepError:
    status = response.status_code
    said = " ".join(_said(response, content).split())[:300]
    return StepError(
        f"{_shown(response.url)} answered {status} {_phrase(status)}" + (f": {said}" if said else "."),
        kind=f"http_{status}",
        retryable=status in PASSING or status >= 500,
        retry_after=_retry_after(response.headers.get("retry-after")),
    )


def _said(response: httpx.Response, content: bytes) -> str:
    """What the answer says to a person; of a web page, its title."""
    text = _decode(response, content[:20_000])
    if "text/html" not in response.headers.get("content-type", "").lower():
        return text
    return html.unescape(title[1]) if (title := TITLE.search(text)) else ""


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _retry_after(value: str | None) -> float | None:
    """Seconds that the service asks to wait; it may give a date instead."""
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), MAX_WAIT)
    try:
        moment = parsedate_to_datetime(text)
        seconds = (moment - datetime.now(moment.tzinfo or UTC)).total_seconds()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return min(max(0.0, seconds), MAX_WAIT)


def _explain(error: httpx.HTTPError, url: httpx.URL) -> StepError:
    """Say what went wrong with the connection, and whether another try may help."""
    where, reason = _shown(url), f" ({said})" if (said := str(error).rstrip(".")) else ""
    match error:
        case httpx.UnsupportedProtocol():
            return StepError(f"{where} redirects to what is no HTTP address.", field="url")
        case httpx.LocalProtocolError():
            return StepError(f"This request can't be sent: {error}. Check the headers.", field="headers")
        case httpx.TooManyRedirects():
            return StepError(f"{where} redirects in a circle.", field="url")
        case httpx.DecodingError():
            return StepError(f"{where} sent an answer that can't be decompressed.")
        case httpx.TimeoutException():
            return StepError(f"{where} didn't answer in time.", kind="timeout", retryable=True)
        case httpx.ConnectError():
            message = f"{where} can't be reached{reason}: check the host, and that it is up."
            return StepError(message, kind="connection", retryable=True)
    return StepError(f"The connection to {where} broke{reason}.", kind="connection", retryable=True)


def _shown(url: httpx.URL) -> str:
    """The URL without user, password and query, where secrets may be."""
    return f"{url.scheme}://{url.netloc.decode(errors='replace')}{url.path}" if url.host else str(url.path)
