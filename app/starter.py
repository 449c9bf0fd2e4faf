"""Puts new executions into the database and has them driven; those that come in the same moment share a commit."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.db import Database
from app.together import Together
from engine.admission import read_concurrency
from engine.clock import Clock
from engine.entry import ADD, AddLog, Entry, enter, row_of
from engine.errors import StepError
from engine.events import ENDED
from engine.models import Execution
from engine.worker import Worker


@dataclass(frozen=True, slots=True)
class _Start:
    execution: Execution
    add_log: AddLog | None


class Starter:
    """Nothing is started before `hand_to` has said by whom it is driven."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._worker: Worker | None = None
        self._starts: Together[_Start, Execution] = Together(self._start_all)

    def hand_to(self, worker: Worker) -> None:
        """Have this worker drive what is started."""
        self._worker = worker

    async def start(self, execution: Execution, add_log: AddLog | None = None) -> Execution:
        """Return the execution once it is on disk, or the one that was started with its key before.

        `add_log` adds what its log begins with, in the same transaction. Raise StepError when its parent has ended.
        """
        return await self._starts.ask(_Start(execution, add_log))

    async def close(self) -> None:
        """Start what has come so far."""
        await self._starts.close()

    async def _start_all(self, batch: Sequence[_Start]) -> Sequence[Execution | Exception]:
        """Let all come in together, or each by itself where one of them keeps the others from it."""
        try:
            entries = await self._enter(batch)
        except Exception as error:
            if len(batch) == 1:
                return [error]
            return [outcome for start in batch for outcome in await self._start_all([start])]
        return [await self._tell(entry) for entry in entries]

    async def _enter(self, batch: Sequence[_Start]) -> Sequence[Entry | StepError]:
        if not any(_needs_look(start) for start in batch):
            await self._database.write_batch([(ADD, [row_of(start.execution) for start in batch])])
            return [Entry(execution=start.execution, is_new=True) for start in batch]
        one_by_one = {start.execution.workflow_id for start in batch if _takes_turns(start.execution)}
        async with self._database.write() as session:
            for workflow_id in sorted(one_by_one):
                await self._database.lock(session, f"start {workflow_id}")
            return [await enter(session, start.execution, self._clock.now(), start.add_log) for start in batch]

    async def _tell(self, entry: Entry | StepError) -> Execution | StepError:
        if isinstance(entry, StepError):
            return entry
        assert self._worker
        if entry.is_new and entry.execution.status not in ENDED:
            self._worker.submit(entry.execution.id)
        for id_ in entry.asked:
            await self._worker.wake(id_)
        return entry.execution


def _needs_look(start: _Start) -> bool:
    """Whether it depends on what is in the database, or more than its row comes there."""
    return bool(start.add_log or start.execution.parent_id or _takes_turns(start.execution))


def _takes_turns(execution: Execution) -> bool:
    return execution.idempotency_key is not None or read_concurrency(execution.definition) is not None
