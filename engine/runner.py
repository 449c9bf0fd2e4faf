"""Drives one execution: does what `decide` asks for and has the journal write down what happened."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from engine.attempt import Attempt, Outcome, Tools, failed_outcome, make_attempt
from engine.clock import Clock
from engine.errors import DefinitionError
from engine.events import RETRY_AT, Event, Status
from engine.graph import parse
from engine.journal import Journal
from engine.models import Execution
from engine.scope import Scope
from engine.state import (
    Command,
    EndExecution,
    FailNode,
    PassNode,
    SkipNode,
    StartNode,
    State,
    decide,
    fold,
    next_due,
    retry_at,
)


class Runner:
    """Holds an execution in memory only while it drives it."""

    def __init__(self, *, journal: Journal, tools: Tools, clock: Clock) -> None:
        self._journal = journal
        self._tools = tools
        self._clock = clock
        self._runs: set[_Run] = set()
        self._is_stopping = False

    async def drive(self, execution: Execution, events: Sequence[Event]) -> None:
        """Drive an execution on from its log to its end; safe to call again after a crash."""
        run = await self._open(execution, events)
        if run is None:
            return
        try:
            await run.begin()
            while not run.state.is_ended and not self._may_leave(run):
                await self._obey(run)
                await run.next_event()
        finally:
            await self._leave(run)

    def stop(self) -> None:
        """Start no more steps: each `drive` returns when the steps that run have ended, and may go on elsewhere."""
        self._is_stopping = True
        for run in self._runs:
            run.wake()

    async def give_up(self, execution: Execution, seq: int, *, kind: str, message: str) -> None:
        """End an execution that can't be driven as failed, with the event of that number."""
        error = {"type": kind, "message": message}
        now = self._clock.now()
        await self._journal.append(
            Event(execution_id=execution.id, seq=seq, status="failed", timestamp=now, error=error)
        )

    async def _open(self, execution: Execution, events: Sequence[Event]) -> "_Run | None":
        """Fold the log of an execution; None if it has ended, or ends here since its definition can't be read."""
        self._journal.open(execution.id)
        try:
            state = State(parse(execution.definition), execution.id)
        except DefinitionError as error:
            seq = events[-1].seq + 1 if events else 1
            await self.give_up(execution, seq, kind="invalid_workflow", message=str(error))
            return None
        for event in events:
            fold(state, event)
        if state.is_ended:
            return None
        run = _Run(execution, state, self._journal, self._clock)
        self._runs.add(run)
        return run

    async def _leave(self, run: "_Run") -> None:
        self._runs.discard(run)
        await run.cancel()

    def _may_leave(self, run: "_Run") -> bool:
        return self._is_stopping and not run.state.running

    async def _obey(self, run: "_Run") -> None:
        """Do what the execution needs, and what it needs then, until it only needs a step to end or time to pass."""
        while not self._is_stopping and (commands := decide(run.state, self._clock.now())):
            for command in commands:
                await self._do(run, command)

    async def _do(self, run: "_Run", command: Command) -> None:
        match command:
            case StartNode():
                run.start(command, self._tools)
            case SkipNode(node_id, iteration):
                run.post(status="skipped", node_id=node_id, iteration=iteration)
            case PassNode(node_id, iteration, handles):
                run.post(status="succeeded", node_id=node_id, iteration=iteration, handles=handles)
            case FailNode(node_id, iteration, attempt, error):
                outcome = failed_outcome(run.state.graph.nodes[node_id], error)
                run.post(node_id=node_id, iteration=iteration, attempt=attempt, **_fields(outcome))
            case EndExecution(status, result, error):
                await run.end(status, result, error)


class _Run:
    """An execution while it is driven: its state, the steps that run, and what they tell when they have ended."""

    def __init__(self, execution: Execution, state: State, journal: Journal, clock: Clock) -> None:
        self.execution = execution
        self.state = state
        self._journal = journal
        self._clock = clock
        self._seq = state.seq
        self._tasks: set[asyncio.Task[None]] = set()
        self._news: asyncio.Queue[Event | Exception | None] = asyncio.Queue()

    def post(self, **what: Any) -> None:
        """Fold an event that nobody has to wait for."""
        event = self._event(**what)
        self._journal.post(event)
        fold(self.state, event)

    async def begin(self) -> None:
        """Note that it runs; when it does so again that must be on disk first, for a step may kill the process."""
        event = self._event(status="running")
        if self.state.seq:
            await self._journal.append(event)
        else:
            self._journal.post(event)
        fold(self.state, event)

    async def end(self, status: Status, result: Any, error: dict[str, Any] | None) -> None:
        event = self._event(status=status, output=result, error=error)
        await self._journal.append(event)
        fold(self.state, event)
        self.wake()

    def start(self, command: StartNode, tools: Tools) -> None:
        """Start a step; from here on it counts as running."""
        where = {"node_id": command.node_id, "iteration": command.iteration, "attempt": command.attempt}
        fold(self.state, self._event(seq=self._seq, status="running", **where))
        self._spawn(self._attempt(command, tools, where))

    async def next_event(self) -> None:
        """Wait for the first step to end, or for the next retry, and fold what has come."""
        alarm = self._set_alarm()
        news = [await self._news.get()]
        while not self._news.empty():
            news.append(self._news.get_nowait())
        if alarm:
            alarm.cancel()
        for item in news:
            match item:
                case Event():
                    fold(self.state, item)
                case Exception():
                    raise item

    def wake(self) -> None:
        """Let `next_event` return."""
        self._news.put_nowait(None)

    async def cancel(self) -> None:
        """Interrupt what still runs; the log keeps it as running, to be taken up again."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _attempt(self, command: StartNode, tools: Tools, where: dict[str, Any]) -> None:
        """Make the attempt, have its outcome on disk, and only then tell."""
        key = (command.node_id, command.iteration)
        attempt = Attempt(
            execution=self.execution,
            node=self.state.graph.nodes[command.node_id],
            names=Scope(self.execution, self.state, key, command.attempt),
            idempotency_key=":".join((self.execution.id, command.node_id, ".".join(map(str, command.iteration)))),
            on_start=lambda input_: self._journal.post(self._event(status="running", input=input_, **where)),
        )
        try:
            event = self._event(**where, **_fields(await make_attempt(attempt, tools)))
            if at := retry_at(attempt.node.retry, event):  # not the end of the node: it takes no edge yet
                error = {**(event.error or {}), RETRY_AT: at.isoformat()}
                event = replace(event, output=None, handles=None, error=error)
            await self._journal.append(event)
            self._news.put_nowait(event)
        except Exception as error:  # the journal's: whoever drives has to know
            self._news.put_nowait(error)

    def _event(self, *, seq: int | None = None, **what: Any) -> Event:
        """Make an event with the next number, or with a given one when it isn't to be written."""
        if seq is None:
            seq = self._seq = self._seq + 1
        return Event(execution_id=self.execution.id, seq=seq, timestamp=self._clock.now(), **what)

    def _spawn(self, work: Any) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _set_alarm(self) -> asyncio.Task[None] | None:
        at = next_due(self.state)
        return self._spawn(self._ring(at)) if at else None

    async def _ring(self, at: Any) -> None:
        await self._clock.sleep_until(at)
        self.wake()


def _fields(outcome: Outcome) -> dict[str, Any]:
    return {name: getattr(outcome, name) for name in Outcome.__slots__}
