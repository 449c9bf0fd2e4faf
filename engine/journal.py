"""The single writer of all logs: collects events and commits them together as soon as the last commit has ended."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Sequence

from sqlalchemy.exc import IntegrityError

from engine.errors import LostRace
from engine.events import Event
from engine.store import Store

MAX_BATCH = 2_000
LOST = "Another process writes this execution's log."
Callback = Callable[[Sequence[Event]], None]
Entry = tuple[Event, asyncio.Future[None] | None]
log = logging.getLogger(__name__)


class Journal:
    """Writes events in the order in which they come, many in one transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._queue: list[Entry] = []
        self._writer: asyncio.Task[None] | None = None
        self._callbacks: list[Callback] = []
        self._lost: set[str] = set()

    async def append(self, event: Event) -> None:
        """Return when the event is on disk; raise LostRace if another process wrote in its place."""
        done = asyncio.get_running_loop().create_future()
        self._put(event, done)
        await done

    def post(self, event: Event) -> None:
        """Write the event with the next commit, before all that come later; nobody waits for it."""
        self._put(event, None)

    def open(self, execution_id: str) -> None:
        """Accept events of an execution from one who has just read its log."""
        self._lost.discard(execution_id)

    def subscribe(self, callback: Callback) -> Callable[[], None]:
        """Call back with the events of each commit; return what ends it."""
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback)

    async def close(self) -> None:
        """Write what has come so far."""
        while self._writer:
            await self._writer

    def _put(self, event: Event, done: asyncio.Future[None] | None) -> None:
        self._queue.append((event, done))
        if self._writer is None:
            self._writer = asyncio.create_task(self._write_all(), name="journal")

    async def _write_all(self) -> None:
        await asyncio.sleep(0)  # let those who finish in the same moment come along
        try:
            while self._queue:
                batch, self._queue = self._queue[:MAX_BATCH], self._queue[MAX_BATCH:]
                await self._write(batch)
        finally:
            self._writer = None

    async def _write(self, batch: list[Entry]) -> None:
        _settle([entry for entry in batch if self._is_lost(entry)], LostRace(LOST))
        if not (batch := [entry for entry in batch if not self._is_lost(entry)]):
            return
        try:
            await self._store.append([event for event, _ in batch])
        except IntegrityError as error:
            await self._write_apart(batch, error)
        except Exception as error:  # a full disk, a lost connection: those who wait decide
            log.exception("The journal could not write %d events", len(batch))
            _settle(batch, error)
        else:
            self._tell([event for event, _ in batch])
            _settle(batch, None)

    async def _write_apart(self, batch: list[Entry], error: IntegrityError) -> None:
        """Find the execution whose log somebody else has written; the others go on."""
        apart: dict[str, list[Entry]] = defaultdict(list)
        for entry in batch:
            apart[entry[0].execution_id].append(entry)
        if len(apart) > 1:
            for entries in apart.values():
                await self._write(entries)
            return
        self._lost.update(apart)
        log.warning("Lost the race for %s: %s", *apart, error.orig)
        _settle(batch, LostRace(LOST))

    def _is_lost(self, entry: Entry) -> bool:
        return entry[0].execution_id in self._lost

    def _tell(self, events: list[Event]) -> None:
        for callback in list(self._callbacks):
            try:
                callback(events)
            except Exception:
                log.exception("A subscriber of the journal failed")


def _settle(batch: list[Entry], error: Exception | None) -> None:
    for _, done in batch:
        if done is None or done.done():
            continue
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)
