"""The log of an execution: read in pages, or watched while it is written."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

from app.models import User
from app.runtime import Runtime
from app.services.executions import get_execution
from app.services.large import describe_files
from app.services.paging import Page, check_limit, read_cursor, write_cursor
from engine.events import ENDED, Event

MAX_SEQ = 2**31 - 1
BATCH = 200  # events read at a time while watching


async def read_logs(
    rt: Runtime, user: User, execution_id: str, *, limit: int = 50, cursor: str | None = None
) -> Page[Event]:
    """An execution's events in order."""
    await get_execution(rt, user, execution_id)
    position = read_cursor(cursor, types=(int,)) or [0]
    found = await rt.store.read_log(execution_id, after_seq=min(position[0], MAX_SEQ), limit=check_limit(limit) + 1)
    page = found[:limit]
    return Page(items=page, next_cursor=write_cursor(page[-1].seq) if len(found) > limit else None)


async def watch(
    rt: Runtime, user: User, execution_id: str, *, after_seq: int = 0, patience: float = 15
) -> AsyncIterator[Event | None]:
    """The events after `after_seq` as they are written, until the last one; None when nothing came for a while."""
    await get_execution(rt, user, execution_id)
    with_news = asyncio.Event()

    def listen(events: Sequence[Event]) -> None:
        if any(event.execution_id == execution_id for event in events):
            with_news.set()

    stop = rt.journal.subscribe(listen)
    try:
        while True:
            with_news.clear()
            execution = await rt.store.get_execution(execution_id)  # before its log, or its last events might be missed
            while events := await rt.store.read_log(execution_id, after_seq=after_seq, limit=BATCH):
                for event in events:
                    yield event
                after_seq = events[-1].seq
            if execution is None or execution.status in ENDED:
                return
            if not await _comes_soon(with_news, patience):
                yield None
    finally:
        stop()


def describe_event(event: Event) -> dict[str, Any]:
    """A row of the log as the interface shows it."""
    return {
        "seq": event.seq,
        "node_id": event.node_id,
        "iteration": list(event.iteration),
        "attempt": event.attempt,
        "status": event.status,
        "input": event.input,
        "output": event.output,
        "error": event.error,
        "handles": None if event.handles is None else list(event.handles),
        "stdout": event.stdout,
        "files": describe_files(event.files),
        "timestamp": event.timestamp,
    }


async def _comes_soon(news: asyncio.Event, patience: float) -> bool:
    try:
        async with asyncio.timeout(patience):
            return await news.wait()
    except TimeoutError:
        return False
