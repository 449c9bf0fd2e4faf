"""Lets callers wait for executions to end."""

import asyncio
from collections.abc import Sequence

from engine.events import ENDED, Event
from engine.store import Store


class Ends:
    """Hears of all ends in this process, and so looks at the database once a wait, or not at all."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._open: set[str] = set()
        self._waiting: dict[str, list[asyncio.Event]] = {}

    def expect(self, execution_id: str) -> None:
        """Note that an execution has not ended and that its end will be heard of."""
        self._open.add(execution_id)

    def forget(self, execution_id: str) -> None:
        """Take back `expect`."""
        self._open.discard(execution_id)

    def hear(self, events: Sequence[Event]) -> None:
        """Take the events of a commit: the journal calls it."""
        for event in events:
            if event.node_id is None and event.status in ENDED:
                self.forget(event.execution_id)
                for ended in self._waiting.get(event.execution_id, ()):
                    ended.set()

    async def wait(self, execution_id: str, timeout: float) -> bool:
        """Return whether the execution has ended, as soon as it has or after `timeout` seconds."""
        ended = asyncio.Event()
        self._waiting.setdefault(execution_id, []).append(ended)
        try:
            if await self._has_ended(execution_id):
                return True
            async with asyncio.timeout(timeout):
                return await ended.wait()
        except TimeoutError:
            return False
        finally:
            self._waiting[execution_id].remove(ended)
            if not self._waiting[execution_id]:
                del self._waiting[execution_id]

    async def _has_ended(self, execution_id: str) -> bool:
        if execution_id in self._open:
            return False
        execution = await self._store.get_execution(execution_id)
        return execution is not None and execution.status in ENDED
