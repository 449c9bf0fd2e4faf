"""A thread that does one thing after another for the event loop, at less than an executor takes for each."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from threading import Thread
from typing import Any

Work = tuple[asyncio.Future[Any], Callable[[], Any]]


class WorkThread:
    """Begins with the first work; after `stop` it does what it has been given, and ends."""

    def __init__(self, name: str) -> None:
        self._queue: SimpleQueue[Work | None] = SimpleQueue()
        self._thread = Thread(target=self._run, name=name, daemon=True)

    def do(self, work: Callable[[], Any]) -> asyncio.Future[Any]:
        """Give the future of what `work` returns or raises."""
        if self._thread.ident is None:
            self._thread.start()
        done = asyncio.get_running_loop().create_future()
        self._queue.put((done, work))
        return done

    def stop(self) -> None:
        self._queue.put(None)

    def _run(self) -> None:
        while _do(self._queue.get()):
            pass


def _do(work: Work | None) -> bool:
    if work is None:
        return False
    done, function = work
    try:
        settle = partial(_set_result, done, function())
    except BaseException as error:
        settle = partial(_set_exception, done, error)
    with suppress(RuntimeError):  # the loop is closed, and nobody waits
        done.get_loop().call_soon_threadsafe(settle)
    return True


def _set_result(done: asyncio.Future[Any], result: Any) -> None:
    if not done.done():
        done.set_result(result)


def _set_exception(done: asyncio.Future[Any], error: BaseException) -> None:
    if not done.done():
        done.set_exception(error)
