"""A real server and a real browser; every test of this folder shares one event loop with the browser."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, ViewportSize, async_playwright, expect

from app import frontend
from tests.e2e.faults import Faults
from tests.e2e.server import Server

HERE = Path(__file__).parent
PASSWORD = "correct horse battery"
SCREEN: ViewportSize = {"width": 1440, "height": 900}
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

expect.set_options(timeout=10_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.fixture(scope="session")
def pages() -> None:
    """The built pages."""
    if not frontend.is_built():
        frontend.build()


@pytest_asyncio.fixture(loop_scope="session")
async def server(pages: None, tmp_path: Path) -> AsyncIterator[Server]:
    """Treadle, running; `kill` and `start` it as the test likes."""
    running = Server(tmp_path / "data")
    await running.start()
    yield running
    await running.kill()


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Debian's chromium."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    assert program, "Chromium is not installed. Debian has it: apt-get install chromium (scripts/test does that)."
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield started
        await started.close()


OpenPage = Callable[..., Awaitable[Page]]


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(server: Server, browser: Browser) -> AsyncIterator[OpenPage]:
    """Opens a page in a browser profile of its own; `as_user="alice"` signs her up first. Faults fail the test."""
    faults, contexts = Faults(server), []

    async def open_one(path: str = "/", *, as_user: str | None = None) -> Page:
        context = await browser.new_context(base_url=server.url, viewport=SCREEN)
        contexts.append(context)
        faults.watch(context)
        if as_user:
            person = {"email": f"{as_user}@example.com", "password": PASSWORD, "name": as_user.capitalize()}
            done = await context.request.post("/api/auth/sign-up", data=person, headers={"Origin": server.url})
            assert done.ok, await done.text()
        page = await context.new_page()
        await page.goto(path)
        return page

    yield open_one
    for context in contexts:
        await context.close()
    assert not faults, "\n".join(faults)


@pytest_asyncio.fixture(loop_scope="session")
async def page(open_page: OpenPage) -> Page:
    """A stranger's page."""
    return await open_page("/login")
