"""The single writer of all logs: collects events and commits them together as soon as the last commit has ended."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import timedelta

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from engine.clock import Clock, SystemClock
from engine.errors import LostRace, Unwritable
from engine.events import Event
from engine.store import Store

MAX_BATCH = 2_000
RETRY_EVERY = timedelta(seconds=1)
PATIENCE = timedelta(seconds=20)  # a database that restarts is back by then, and the claims still hold
LOST = "Another process writes this execution's log."
UNWRITABLE = "What a step took or gave can't be saved: look for characters that are no text."
Callback = Callable[[Sequence[Event]], None]
Entry = tuple[Event, asyncio.Future[None] | None]
log = logging.getLogger(__name__)


class Journal:
    """Writes events in the order in which they come, many in one transaction."""

    def __init__(self, store: Store, *, clock: Clock | None = None) -> None:
        self._store = store
        self._clock = clock or SystemClock()
        self._queue: list[Entry] = []
        self._writer: asyncio.Task[None] | None = None
        self._callbacks: list[Callback] = []
        self._lost: dict[str, Exception] = {}  # why no more is taken of these executions until they are opened anew

    async def append(self, event: Event) -> None:
        """Return when the event is on disk; once one event of an execution is lost, raise why for all that follow.

        LostRace: another process wrote in its place. Unwritable: no database takes it. Else: the database is away.
        """
        done = asyncio.get_running_loop().create_future()
        self._put(event, done)
        await done

    def post(self, event: Event) -> None:
        """Write the event with the next commit, before all that come later; nobody waits for it."""
        self._put(event, None)

    def open(self, execution_id: str) -> None:
        """Accept events of an execution from one who has just read its log."""
        if reason := self._lost.pop(execution_id, None):
            _settle([entry for entry in self._queue if entry[0].execution_id == execution_id], reason)
            self._queue = [entry for entry in self._queue if entry[0].execution_id != execution_id]

    def drop(self, execution_id: str) -> None:
        """Write nothing more of an execution that another process has taken over, not even what has come."""
        self._lost[execution_id] = LostRace(LOST)

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
        try:
            while self._queue:
                batch, self._queue = self._queue[:MAX_BATCH], self._queue[MAX_BATCH:]
                await self._write(batch)
        finally:
            self._writer = None

    async def _write(self, batch: list[Entry]) -> None:
        if not (batch := self._take_out_lost(batch)):
            return
        try:
            await self._store_patiently([event for event, _ in batch])
        except Exception as error:
            await self._write_apart(batch, error)
        else:
            self._tell([event for event, _ in batch])
            _settle(batch, None)

    async def _store_patiently(self, events: list[Event]) -> None:
        """Try again for a while when the database is away, so that no step has to run again because of it.

        It may have gone away between the commit and its answer: then the events are found to be there.
        """
        until = self._clock.now() + PATIENCE
        was_away = False
        while True:
            try:
                return await self._store.append(events)
            except Exception as error:
                if was_away and isinstance(error, IntegrityError) and await self._store.is_written(events[0]):
                    return None
                if not _is_outage(error) or self._clock.now() >= until:
                    raise
                was_away = True
                log.warning("The database is away, %d events wait: %s", len(events), error)
            await self._clock.sleep_until(self._clock.now() + RETRY_EVERY)

    async def _write_apart(self, batch: list[Entry], error: Exception) -> None:
        """Find the execution that can't be written; the others go on, unless it is all the same for them."""
        apart: dict[str, list[Entry]] = defaultdict(list)
        for entry in batch:
            apart[entry[0].execution_id].append(entry)
        if len(apart) > 1 and not _is_outage(error):
            for entries in apart.values():
                await self._write(entries)
            return
        log.error("The journal could not write %d events of %s", len(batch), ", ".join(apart), exc_info=error)
        self._lost.update(dict.fromkeys(apart, _reason(error)))
        self._take_out_lost(batch)

    def _take_out_lost(self, batch: list[Entry]) -> list[Entry]:
        """Tell those who wait for an event of a lost execution why, and return the rest."""
        kept = []
        for entry in batch:
            if reason := self._lost.get(entry[0].execution_id):
                _settle([entry], reason)
            else:
                kept.append(entry)
        return kept

    def _tell(self, events: list[Event]) -> None:
        for callback in list(self._callbacks):
            try:
                callback(events)
            except Exception:
                log.exception("A subscriber of the journal failed")


def _is_outage(error: Exception) -> bool:
    """Tell whether the database failed, and not what it was given."""
    return isinstance(error, DBAPIError | PoolTimeout | OSError) and not isinstance(error, IntegrityError | DataError)


def _reason(error: Exception) -> Exception:
    if isinstance(error, IntegrityError):
        return LostRace(LOST)
    return error if _is_outage(error) else Unwritable(UNWRITABLE)


def _settle(batch: list[Entry], error: Exception | None) -> None:
    for _, done in batch:
        if done is None or done.done():
            continue
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)
