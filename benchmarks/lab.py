"""What the benchmarks share: a server with data of its own, somebody who has signed up, a browser, a table."""

import shutil
import statistics
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import BrowserContext, async_playwright

from tests.e2e.conftest import FLAGS
from tests.e2e.server import Server

PERSON = {"email": "ada@example.com", "password": "correct horse battery", "name": "Ada"}


@dataclass
class Lab:
    """A running product: `api` and `browser` belong to the same signed-in person."""

    server: Server
    api: httpx.AsyncClient
    browser: BrowserContext

    async def create(self, definition: dict[str, Any]) -> str:
        """Save a workflow; return its id."""
        answer = await self.api.post("/api/workflows", json=definition)
        answer.raise_for_status()
        return str(answer.json()["id"])


@asynccontextmanager
async def open_lab() -> AsyncIterator[Lab]:
    """Start everything in a temporary folder and end it with the block."""
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder, "data"))
        await server.start()
        try:
            async with httpx.AsyncClient(base_url=server.url, headers={"Origin": server.url}, timeout=60) as api:
                (await api.post("/api/auth/sign-up", json=PERSON)).raise_for_status()
                async with _open_browser(api, server.url) as browser:
                    yield Lab(server, api, browser)
        finally:
            await server.kill()


@asynccontextmanager
async def _open_browser(api: httpx.AsyncClient, url: str) -> AsyncIterator[BrowserContext]:
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        context = await chromium.new_context(base_url=url, viewport={"width": 1440, "height": 900})
        await context.add_cookies([{"name": name, "value": value, "url": url} for name, value in api.cookies.items()])
        yield context
        await chromium.close()


def node(id_: str, action: str, *, x: int, y: int, **inputs: Any) -> dict[str, Any]:
    """A node of a made-up workflow."""
    type_ = "trigger" if action.startswith("trigger/") else "action"
    data = {"label": id_, "action": action, "inputs": inputs}
    return {"id": id_, "type": type_, "position": {"x": x, "y": y}, "data": data}


def edge(source: str, target: str) -> dict[str, Any]:
    """A plain edge."""
    return {"id": f"{source}-{target}", "source": source, "target": target}


def percentiles(values: Sequence[float]) -> tuple[float, float, float]:
    """The median, the 95th percentile and the largest."""
    cuts = statistics.quantiles(values, n=20, method="inclusive")
    return statistics.median(values), cuts[18], max(values)


def print_table(title: str, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table in Markdown, as benchmarks/README.md keeps it."""
    print(f"\n{title}\n\n| {' | '.join(head)} |\n|{'---|' * len(head)}")
    for row in rows:
        print("| " + " | ".join(f"{cell:.1f}" if isinstance(cell, float) else str(cell) for cell in row) + " |")
