"""The requests being answered: a stopping server waits a little for them, and not at all for open pages."""

import asyncio
from collections.abc import Iterable
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

GRACE = 3.0  # seconds for an answer to be finished; event streams never finish by themselves


class InFlight:
    """Wraps the app and remembers the task of each request and websocket."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.tasks: dict[asyncio.Task[Any], str] = {}
        self.is_ending = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        task = asyncio.current_task()
        assert task
        self.tasks[task] = scope["type"]
        try:
            await self.app(scope, receive, send)
        except asyncio.CancelledError:
            if not self.is_ending:
                raise
        finally:
            del self.tasks[task]

    async def end(self) -> None:
        """Close the websockets, which connect again later, then what is still open when the grace is over."""
        self.is_ending = True
        _cancel(task for task, kind in self.tasks.items() if kind == "websocket")
        if self.tasks:
            await asyncio.wait(self.tasks, timeout=GRACE)
        _cancel(self.tasks)


def _cancel(tasks: Iterable[asyncio.Task[Any]]) -> None:
    for task in list(tasks):
        task.cancel()
