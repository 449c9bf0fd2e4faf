"""Puts new executions into the database and has them driven; those that come in the same moment share a commit."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from app.db import Database
from engine.admission import read_concurrency
from engine.clock import Clock
from engine.entry import AddLog, Entry, enter
from engine.errors import StepError
from engine.events import ENDED
from engine.models import Execution
from engine.worker import Worker


@dataclass(frozen=True, slots=True, eq=False)
class _Start:
    execution: Execution
    add_log: AddLog | None
    done: "asyncio.Future[Execution]"


class Starter:
    """Nothing is started before `hand_to` has said by whom it is driven."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._worker: Worker | None = None
        self._queue: list[_Start] = []
        self._writer: asyncio.Task[None] | None = None

    def hand_to(self, worker: Worker) -> None:
        """Have this worker drive what is started."""
        self._worker = worker

    async def start(self, execution: Execution, add_log: AddLog | None = None) -> Execution:
        """Return the execution once it is on disk, or the one that was started with its key before.

        `add_log` adds what its log begins with, in the same transaction. Raise StepError when its parent has ended.
        """
        done: asyncio.Future[Execution] = asyncio.get_running_loop().create_future()
        self._queue.append(_Start(execution, add_log, done))
        if self._writer is None:
            self._writer = asyncio.create_task(self._write_all(), name="starter")
        return await done

    async def close(self) -> None:
        """Start what has come so far."""
        while self._writer:
            await self._writer

    async def _write_all(self) -> None:
        await asyncio.sleep(0)  # let those who come in the same moment come along
        try:
            while self._queue:
                batch, self._queue = self._queue, []
                await self._write(batch)
        finally:
            self._writer = None

    async def _write(self, batch: Sequence[_Start]) -> None:
        """Let all come in together, or each by itself where one of them keeps the others from it."""
        try:
            entries = await self._enter(batch)
        except Exception as error:
            if len(batch) == 1:
                _settle(batch[0], error)
            else:
                for start in batch:
                    await self._write([start])
            return
        for start, entry in zip(batch, entries, strict=True):
            if isinstance(entry, Entry):
                await self._tell(entry)
            _settle(start, entry.execution if isinstance(entry, Entry) else entry)

    async def _enter(self, batch: Sequence[_Start]) -> list[Entry | StepError]:
        one_by_one = {start.execution.workflow_id for start in batch if _takes_turns(start.execution)}
        async with self._database.write() as session:
            for workflow_id in sorted(one_by_one):
                await self._database.lock(session, f"start {workflow_id}")
            return [await enter(session, start.execution, self._clock.now(), start.add_log) for start in batch]

    async def _tell(self, entry: Entry) -> None:
        assert self._worker
        if entry.is_new and entry.execution.status not in ENDED:
            self._worker.submit(entry.execution.id)
        for id_ in entry.asked:
            await self._worker.wake(id_)


def _takes_turns(execution: Execution) -> bool:
    return execution.idempotency_key is not None or read_concurrency(execution.definition) is not None


def _settle(start: _Start, outcome: Execution | Exception) -> None:
    if start.done.done():  # nobody waits any more
        return
    if isinstance(outcome, Exception):
        start.done.set_exception(outcome)
    else:
        start.done.set_result(outcome)
