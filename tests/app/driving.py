"""What tests do with executions: start them, and wait until their log says something."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx

from app.runtime import Runtime
from engine.events import Event

Json = dict[str, Any]


async def create(browser: httpx.AsyncClient, definition: Json) -> str:
    """Save a workflow and return its id."""
    answer = await browser.post("/api/workflows", json=definition)
    assert answer.status_code == 201, answer.text
    id_: str = answer.json()["id"]
    return id_


async def start(browser: httpx.AsyncClient, workflow_id: str, **body: Any) -> str:
    """Start it and return the execution's id."""
    answer = await browser.post(f"/api/workflows/{workflow_id}/execute", json=body)
    assert answer.status_code == 202, answer.text
    id_: str = answer.json()["execution_id"]
    return id_


async def finish(rt: Runtime, browser: httpx.AsyncClient, execution_id: str) -> Json:
    """Wait for its end and return it."""
    assert await rt.worker.wait(execution_id, 20)
    return await read(browser, f"/api/executions/{execution_id}")


async def run(rt: Runtime, browser: httpx.AsyncClient, definition: Json, **body: Any) -> Json:
    """Save a workflow, start it, and return its execution when it has ended."""
    return await finish(rt, browser, await start(browser, await create(browser, definition), **body))


async def read(browser: httpx.AsyncClient, path: str) -> Json:
    answer = await browser.get(path)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def read_rows(browser: httpx.AsyncClient, execution_id: str) -> list[Json]:
    rows: list[Json] = (await read(browser, f"/api/executions/{execution_id}/logs?limit=200"))["items"]
    return rows


async def reach(rt: Runtime, execution_id: str, node_id: str | None, status: str) -> Event:
    """Wait until a node, or with None the execution, has a status, and return the event that says so."""

    def is_it(event: Event) -> bool:
        return (event.node_id, event.status) == (node_id, status)

    return await _hear(rt, execution_id, is_it)


async def _hear(rt: Runtime, execution_id: str, is_it: Callable[[Event], bool]) -> Event:
    news = asyncio.Event()
    stop = rt.journal.subscribe(lambda _: news.set())
    try:
        async with asyncio.timeout(20):
            while True:
                news.clear()
                if found := [event for event in await rt.store.read_log(execution_id) if is_it(event)]:
                    return found[-1]
                await news.wait()
    finally:
        stop()
