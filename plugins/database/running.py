"""A query runs in a thread of its own, and ends when its step is cancelled or out of time."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")
GRACE = 0.8  # seconds for the database to say that it has stopped
POOL = ThreadPoolExecutor(max_workers=20, thread_name_prefix="database")  # the loop's own is for short work


class Interrupter:
    """Ends from one thread what another one waits for."""

    def __init__(self) -> None:
        self.is_set = False
        self._interrupt: Callable[[], object] | None = None
        self._lock = threading.Lock()

    def arm(self, interrupt: Callable[[], object]) -> None:
        """Say how to interrupt what follows; raise InterruptedError when it has been already."""
        with self._lock:
            if self.is_set:
                raise InterruptedError
            self._interrupt = interrupt

    def fire(self) -> None:
        """Interrupt; nobody is left to hear why it can't be done."""
        with self._lock:
            self.is_set = True
        if self._interrupt:
            with suppress(Exception):
                self._interrupt()


async def run_in_thread(work: Callable[[Interrupter], T]) -> T:
    """Return what the work does; when cancelled, interrupt it and wait for its end, but not for long."""
    loop = asyncio.get_running_loop()
    interrupter = Interrupter()
    running = loop.run_in_executor(POOL, work, interrupter)
    running.add_done_callback(lambda done: done.cancelled() or done.exception())  # whether or not anybody still asks
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        firing = loop.run_in_executor(None, interrupter.fire)
        ends: list[asyncio.Future[Any]] = [running, firing]
        await asyncio.wait(ends, timeout=GRACE)
        raise
