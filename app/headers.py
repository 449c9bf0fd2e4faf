"""The headers that keep a page to itself and let a browser keep what never changes."""

import base64
import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.settings import Settings


def add_headers(app: ASGIApp, *, settings: Settings, client: Path) -> ASGIApp:
    """Wrap the app so that every answer carries security and cache headers; one already set by the app stays."""
    fixed = _security_headers(settings, hash_inline_scripts(client))

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in fixed.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", cache_control(scope["path"], message["status"]))
            await send(message)

        await app(scope, receive, send_with_headers if scope["type"] == "http" else send)

    return wrapped


def cache_control(path: str, status: int) -> str:
    """How long an answer may be kept: built scripts for ever (their names hold a hash), private data never."""
    if path.startswith("/api/"):
        return "no-store"
    if path.startswith("/assets/") and status in {200, 304}:
        return "public, max-age=31536000, immutable"
    return "no-cache"


def hash_inline_scripts(client: Path) -> list[str]:
    """The CSP sources of all scripts that the built pages hold inline."""
    scripts = {
        script
        for page in client.rglob("*.html")
        for script in re.findall(
            r"<script(?![^>]*\ssrc=)[^>]*>(.+?)</script>", page.read_text(encoding="utf-8"), re.DOTALL
        )
    }
    return sorted(f"'sha256-{base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()}'" for s in scripts)


def _security_headers(settings: Settings, script_hashes: Iterable[str]) -> dict[str, str]:
    headers = {
        "content-security-policy": _content_security_policy(settings, script_hashes),
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",
        "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
        "cross-origin-opener-policy": "same-origin",
    }
    if settings.is_https:
        headers["strict-transport-security"] = "max-age=31536000"
    return headers


def _content_security_policy(settings: Settings, script_hashes: Iterable[str]) -> str:
    # Older browsers don't count a websocket as 'self', and no policy can name an IPv6 address.
    websockets = sorted(origin.replace("http", "ws", 1) for origin in settings.origins if "[" not in origin)
    return "; ".join(
        [
            "default-src 'self'",
            " ".join(["script-src 'self'", *script_hashes]),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            " ".join(["connect-src 'self'", *websockets]),
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        ]
    )
