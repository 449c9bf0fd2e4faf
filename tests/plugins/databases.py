"""Asks databases the way the engine does: the form filled, the context real; every host and file may be reached."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from engine.inputs import fill_in, read_form
from engine.json_values import to_json
from engine.sandbox import Sandbox
from engine.sdk import StepContext
from plugins.database import PLUGIN


async def _find_address(host: str, port: int, database: str) -> str:
    return host


async def _nothing(*_: Any, **__: Any) -> Any:
    raise AssertionError("this step needs nothing of the kind")


class Desk:
    """Runs single queries at one URL."""

    def __init__(self, sandbox: Sandbox, url: str, *, timeout: float = 20) -> None:
        self.sandbox = sandbox
        self.context = StepContext(
            http=httpx.AsyncClient(),
            idempotency_key="ex:a:",
            evaluate=_nothing,
            now=lambda: datetime.now(UTC),
            find_address=_find_address,
            start_workflow=_nothing,
            find_file=Path,
            timeout=timeout,
            credentials={"url": url},
        )

    async def ask(self, sql: str, *, names: dict[str, Any] | None = None, **inputs: Any) -> Any:
        """Give what the step gives."""
        step = PLUGIN.steps[0]
        filled = await fill_in(read_form(step, {"query": sql, **inputs}), names or {}, self.sandbox)
        return to_json(await step.run(self.context, **filled))

    async def rows(self, sql: str, **what: Any) -> Any:
        return (await self.ask(sql, **what))["rows"]

    async def value(self, sql: str, **what: Any) -> Any:
        """Give the only value of the only row."""
        [row] = await self.rows(sql, **what)
        return next(iter(row.values()))

    async def write(self, sql: str, **what: Any) -> Any:
        return await self.ask(sql, read_only=False, **what)


async def cancel_when(running: Awaitable[Any], is_running: Callable[[], Awaitable[bool]]) -> float:
    """Cancel what runs as soon as the database has begun it; give the seconds until it was over."""
    task = asyncio.ensure_future(running)
    while not await is_running():
        assert not task.done()
    loop = asyncio.get_running_loop()
    start = loop.time()
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    return loop.time() - start
