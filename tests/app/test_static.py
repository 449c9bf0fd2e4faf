"""What a browser meets before the app."""

from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from app.headers import add_headers, cache_control, hash_inline_scripts
from app.settings import Settings, read_settings
from app.static import open_pages

PAGE = "<script src='/a.js'></script><script>alert(1)</script><script type='module'>go()</script>"


@pytest.fixture
def client(tmp_path: Path) -> Path:
    (tmp_path / "login").mkdir()
    (tmp_path / "login" / "index.html").write_text(PAGE)
    return tmp_path


@pytest.fixture
def settings() -> Settings:
    return read_settings({})


async def echo_path(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse(scope["path"])(scope, receive, send)


async def get(app: ASGIApp, path: str, **headers: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8000") as browser:
        return await browser.get(path, headers=headers)


async def test_a_prerendered_page_is_asked_for_as_a_folder(client: Path, settings: Settings) -> None:
    app = open_pages(echo_path, settings=settings, client=client)

    assert (await get(app, "/login")).text == "/login/"


async def test_the_bare_address_leads_to_the_workflows(client: Path, settings: Settings) -> None:
    answer = await get(open_pages(echo_path, settings=settings, client=client), "/")

    assert (answer.status_code, answer.headers["location"]) == (307, "/workflows")


@pytest.mark.parametrize("path", ["/workflows/wf_1/edit", "/api/health", "/login/", "/..%2flogin"])
async def test_every_other_path_stays_as_it_is(client: Path, settings: Settings, path: str) -> None:
    app = open_pages(echo_path, settings=settings, client=client)

    assert (await get(app, path)).text == path.replace("%2f", "/")


@pytest.mark.parametrize("host", ["localhost:8000", "[::1]:8000", "127.0.0.1:8000"])
async def test_every_name_of_this_machine_is_welcome(client: Path, settings: Settings, host: str) -> None:
    app = open_pages(echo_path, settings=settings, client=client)

    assert (await get(app, "/login", Host=host, Accept="text/html")).status_code == 200


@pytest.mark.parametrize("host", ["192.168.1.4:8000", "localhost:9000", "rebound.example:8000", "[", ""])
async def test_a_browser_at_another_address_is_told_what_to_set(client: Path, settings: Settings, host: str) -> None:
    app = open_pages(echo_path, settings=settings, client=client)

    answer = await get(app, "/", Host=host, Accept="text/html")

    assert answer.status_code == 421
    assert "set TREADLE_PUBLIC_URL" in answer.text


async def test_a_proxy_may_use_any_host_name(client: Path) -> None:
    settings = read_settings({"TREADLE_PUBLIC_URL": "https://treadle.example"})
    app = open_pages(echo_path, settings=settings, client=client)

    assert (await get(app, "/login", Host="127.0.0.1:8000", Accept="text/html")).status_code == 200


def test_inline_scripts_are_allowed_by_their_hash_and_files_are_not(client: Path) -> None:
    assert hash_inline_scripts(client) == [
        "'sha256-5KYv+PUboo5h+0+YAtGRPbwv5d/QxzHslP4YGnUaxRw='",
        "'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='",
    ]


async def test_every_answer_says_what_a_page_may_do(client: Path, settings: Settings) -> None:
    answer = await get(add_headers(echo_path, settings=settings, client=client), "/")

    policy = answer.headers["content-security-policy"]
    assert "unsafe-eval" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "connect-src 'self' ws://127.0.0.1:8000 ws://localhost:8000;" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "strict-transport-security" not in answer.headers


async def test_https_is_demanded_once_it_is_there(client: Path) -> None:
    settings = read_settings({"TREADLE_PUBLIC_URL": "https://treadle.example"})

    answer = await get(add_headers(echo_path, settings=settings, client=client), "/")

    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    assert "wss://treadle.example" in answer.headers["content-security-policy"]


async def test_a_header_that_the_app_sets_stays(client: Path, settings: Settings) -> None:
    icon = PlainTextResponse("icon", headers={"Cache-Control": "public, max-age=60"})
    app = Starlette()
    app.mount("/", icon)

    answer = await get(add_headers(app, settings=settings, client=client), "/api/icon")

    assert answer.headers["cache-control"] == "public, max-age=60"


@pytest.mark.parametrize(
    ("path", "status", "kept"),
    [
        ("/assets/app-C3f.js", 200, "public, max-age=31536000, immutable"),
        ("/assets/app-C3f.js", 304, "public, max-age=31536000, immutable"),
        ("/assets/gone.js", 404, "no-cache"),
        ("/login", 200, "no-cache"),
        ("/examples/orders.json", 200, "no-cache"),
        ("/api/workflows", 200, "no-store"),
    ],
)
def test_only_built_scripts_are_kept_without_asking(path: str, status: int, kept: str) -> None:
    assert cache_control(path, status) == kept
