"""What a browser meets before the app: pages without a detour, and only where signing in works."""

from pathlib import Path
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.frontend import CLIENT
from app.headers import add_headers
from app.settings import Settings, get_settings, is_loopback


def serve_pages(app: ASGIApp) -> ASGIApp:
    """Wrap the app in everything that the built pages need."""
    settings = get_settings()
    return add_headers(open_pages(app, settings=settings, client=CLIENT), settings=settings, client=CLIENT)


def open_pages(app: ASGIApp, *, settings: Settings, client: Path) -> ASGIApp:
    """Answer a prerendered page at once instead of redirecting from /page to /page/, and lead from / to the list."""
    pages = {f"/{page.parent.relative_to(client)}" for page in client.glob("*/**/index.html")}

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (refusal := refuse_other_hosts(Headers(scope=scope), settings)):
            await refusal(scope, receive, send)
        elif scope["type"] == "http" and scope["path"] == "/":
            await RedirectResponse("/workflows")(scope, receive, send)
        elif scope.get("path") in pages:
            await app({**scope, "path": f"{scope['path']}/"}, receive, send)
        else:
            await app(scope, receive, send)

    return wrapped


def refuse_other_hosts(headers: Headers, settings: Settings) -> Response | None:
    """Answer a browser that came by an address where signing in would be refused, with what to set.

    Behind a proxy the host header says little, so a public URL on another machine is never second-guessed.
    """
    if "text/html" not in headers.get("accept", "") or not is_loopback(urlsplit(settings.public_url).hostname or ""):
        return None
    if any(origin.endswith(f"//{headers.get('host')}") for origin in settings.origins):
        return None
    return PlainTextResponse(
        f"Treadle is open at {settings.public_url}. To use it at this address, set TREADLE_PUBLIC_URL to the address "
        "in your browser and start it again.",
        status_code=421,
    )
