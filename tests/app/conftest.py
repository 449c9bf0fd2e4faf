"""The real product on SQLite in a temporary folder, and the people who use it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from starlette.responses import PlainTextResponse

from app import security
from app.api import create_api
from app.runtime import Runtime, open_runtime
from app.settings import Settings, read_settings
from tests.ports import find_free_port

PASSWORD = "correct horse battery"


class Clock:
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.now = datetime(2026, 12, 1, 8, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def tick(self, **duration: float) -> None:
        self.now += timedelta(**duration)


@pytest.fixture(autouse=True)
def _quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash as always, only not for long."""
    monkeypatch.setattr(security, "HASHER", security.HASHER.using(memory_cost=8, time_cost=1))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def environment() -> dict[str, str]:
    """What a test may parametrize."""
    return {}


@pytest.fixture
def settings(tmp_path: Path, environment: dict[str, str]) -> Settings:
    own = {"TREADLE_DATA": str(tmp_path / "data"), "TREADLE_PORT": str(find_free_port())}
    return read_settings(own | environment)


@pytest.fixture
async def rt(settings: Settings, clock: Clock) -> AsyncIterator[Runtime]:
    async with open_runtime(settings, clock=clock) as runtime:
        yield runtime


Browse = Callable[[], httpx.AsyncClient]


@pytest.fixture(scope="session")
def api() -> FastAPI:
    """The interface, with something behind it where the pages are in the product."""
    made = create_api()
    made.mount("", PlainTextResponse("a page", status_code=418))
    return made


@pytest.fixture
async def browse(rt: Runtime, api: FastAPI) -> AsyncIterator[Browse]:
    """Opens browsers: clients with cookies of their own that say where they come from."""
    transport = httpx.ASGITransport(api)
    origin = rt.settings.origin
    opened: list[httpx.AsyncClient] = []

    def open_browser() -> httpx.AsyncClient:
        opened.append(httpx.AsyncClient(transport=transport, base_url=origin, headers={"Origin": origin}))
        return opened[-1]

    yield open_browser
    for browser in opened:
        await browser.aclose()


@pytest.fixture
def stranger(browse: Browse) -> httpx.AsyncClient:
    """Somebody who hasn't signed in."""
    return browse()


Register = Callable[[str], Awaitable[httpx.AsyncClient]]


@pytest.fixture
def register(browse: Browse) -> Register:
    """Signs somebody up and gives their browser."""

    async def sign_up(name: str) -> httpx.AsyncClient:
        browser = browse()
        body = {"email": f"{name}@example.com", "password": PASSWORD, "name": name.title()}
        answer = await browser.post("/api/auth/sign-up", json=body)
        assert answer.status_code == 201, answer.text
        return browser

    return sign_up


@pytest.fixture
async def alice(register: Register) -> httpx.AsyncClient:
    return await register("alice")
