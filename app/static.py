"""What a browser meets before the app: pages without a detour, at the one address that may write."""

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
    """Answer a prerendered page at once instead of redirecting from /page to /page/."""
    pages = {f"/{page.parent.relative_to(client)}" for page in client.glob("*/**/index.html")}

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _asks_for_a_page(scope):
            if elsewhere := lead_to_public_url(scope, settings):
                await elsewhere(scope, receive, send)
                return
            if scope["path"] in pages:
                scope = {**scope, "path": f"{scope['path']}/"}
        await app(scope, receive, send)

    return wrapped


def lead_to_public_url(scope: Scope, settings: Settings) -> Response | None:
    """Answer a browser that came by another name of this machine, where signing in would be refused.

    Behind a proxy the host header says little, so a public URL elsewhere is never second-guessed.
    """
    host, public = Headers(scope=scope).get("host", ""), urlsplit(settings.public_url)
    if host == public.netloc or not is_loopback(public.hostname or ""):
        return None
    if is_loopback(host.removesuffix(f":{public.port}").strip("[]")):
        query = f"?{scope['query_string'].decode()}" if scope["query_string"] else ""
        return RedirectResponse(f"{settings.origin}{scope['path']}{query}")
    return PlainTextResponse(
        f"Treadle is open at {settings.public_url}. To use it at this address, set TREADLE_PUBLIC_URL to the address "
        "in your browser and start it again.",
        status_code=421,
    )


def _asks_for_a_page(scope: Scope) -> bool:
    wants_html = "text/html" in Headers(scope=scope).get("accept", "")
    return scope["method"] in {"GET", "HEAD"} and wants_html and not scope["path"].startswith("/api/")
