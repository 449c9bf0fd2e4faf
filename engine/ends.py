"""Lets callers wait for executions to end."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from engine.events import ENDED, Event
from engine.store import Store


@dataclass(eq=False)
class _Listener:
    """Somebody who waits for an end; news without one is a reason to look at the database."""

    news: asyncio.Event = field(default_factory=asyncio.Event)
    has_ended: bool = False


class Ends:
    """Hears of all ends in this process, and so looks at the database once a wait, or not at all."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._open: set[str] = set()
        self._listeners: dict[str, list[_Listener]] = {}

    def expect(self, execution_id: str) -> None:
        """Note that an execution has not ended and that its end will be heard of."""
        self._open.add(execution_id)

    def forget(self, execution_id: str) -> None:
        """Take back `expect`: it may have ended elsewhere, or may do so."""
        self._open.discard(execution_id)
        self._tell(execution_id, has_ended=False)

    def hear(self, events: Sequence[Event]) -> None:
        """Take the events of a commit: the journal calls it."""
        for event in events:
            if event.node_id is None and event.status in ENDED:
                self._open.discard(event.execution_id)
                self._tell(event.execution_id, has_ended=True)

    async def wait(self, execution_id: str, timeout: float) -> bool:
        """Return whether the execution has ended, as soon as it has or after `timeout` seconds."""
        until = asyncio.get_running_loop().time() + timeout
        with self._listening(execution_id) as listener, suppress(TimeoutError):
            while not (listener.has_ended or await self._has_ended(execution_id)):
                async with asyncio.timeout_at(until):
                    await listener.news.wait()
                listener.news.clear()
            return True
        return False

    @contextmanager
    def _listening(self, execution_id: str) -> Iterator[_Listener]:
        listener = _Listener()
        self._listeners.setdefault(execution_id, []).append(listener)
        try:
            yield listener
        finally:
            self._listeners[execution_id].remove(listener)
            if not self._listeners[execution_id]:
                del self._listeners[execution_id]

    def _tell(self, execution_id: str, *, has_ended: bool) -> None:
        for listener in self._listeners.get(execution_id, ()):
            listener.has_ended |= has_ended
            listener.news.set()

    async def _has_ended(self, execution_id: str) -> bool:
        return execution_id not in self._open and await self._store.get_status(execution_id) in ENDED
