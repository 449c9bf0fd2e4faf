"""One execution while it is driven: its state, the attempts that run, and what they tell when they have ended."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, Protocol, cast

from engine.attempt import Attempt, Outcome, Tools, Work, make_attempt
from engine.clock import Clock
from engine.errors import StepError
from engine.events import RETRY_AT, Event, Iteration, Status
from engine.items import Items
from engine.journal import Journal
from engine.large import as_logged
from engine.mailbox import Mail
from engine.models import Execution
from engine.progress import State
from engine.scope import Scope
from engine.state import fold, mark_running, retry_at

CANCEL_WITHIN = 0.8  # seconds; what takes longer to give up is no longer waited for


class OfNode(Protocol):
    """A command about a node."""

    @property
    def node_id(self) -> str: ...

    @property
    def iteration(self) -> Iteration: ...


class OfAttempt(OfNode, Protocol):
    """A command about an attempt at a node."""

    @property
    def attempt(self) -> int: ...


class Run:
    """Starts what it is told to start; each event is folded once it is on disk, or at once if nobody waits for it."""

    def __init__(self, execution: Execution, state: State, journal: Journal, tools: Tools, clock: Clock) -> None:
        self.execution = execution
        self.state = state
        self.is_interrupting = False  # what ends meanwhile lets nothing begin
        self._id = execution.id
        self._journal = journal
        self._tools = tools
        self._clock = clock
        self._seq = state.seq
        self._items = Items(state, tools.files)
        self._tasks: dict[asyncio.Task[None], bool] = {}  # whether it can still be interrupted
        self._news: list[Event | Exception] = []
        self._has_news = asyncio.Event()

    async def begin(self) -> None:
        """Note that it runs; when it does so again that must be on disk first, for a step may kill the process."""
        event = self._event(status="running")
        if self.state.started_at:
            await self._journal.append(event)
        else:
            self._journal.post(event)
        fold(self.state, event)

    async def end(self, status: Status, result: Any, error: dict[str, Any] | None) -> None:
        """Write down how it ended."""
        try:
            output, file = await as_logged(result, self._id, self._tools.files)
        except StepError as failure:
            status, output, file = "failed", None, None
            error = {"type": failure.kind, "message": f"The result can't be kept. {failure.message}"}
        files = {"output": file} if file else None
        event = self._event(status=status, output=output, error=error, files=files, wakes=self.execution.parent_id)
        await self._journal.append(event)
        fold(self.state, event)

    async def park(self, until: datetime | None) -> datetime | None:
        """Write down that it only waits: from then on nobody holds it."""
        await self._journal.append(self._event(status="waiting", resume_at=until))
        return until

    def start(
        self,
        command: OfAttempt,
        work: Callable[..., Awaitable[Outcome]],
        arguments: Mapping[str, Any] | None = None,
        *,
        inside: int | None = None,
    ) -> None:
        """Start an attempt, which counts as running from here on; `inside` is an iteration of the node's own loop."""
        where = _where(command) | {"attempt": command.attempt}
        mark_running(self.state, (command.node_id, command.iteration), command.attempt)
        work = partial(work, **arguments) if arguments else work
        self._tasks[asyncio.create_task(self._attempt(command, work, where, inside))] = True

    def post(self, command: OfNode, **what: Any) -> None:
        """Fold an event that nobody has to wait for."""
        event = self._event(**_where(command), **what)
        self._journal.post(event)
        fold(self.state, event)

    def post_outcome(self, command: OfAttempt, outcome: Outcome) -> None:
        """Fold how an attempt ended that was never begun."""
        event = self._event_of(outcome, _where(command) | {"attempt": command.attempt})
        self._journal.post(event)
        fold(self.state, event)

    async def next_event(self, due: datetime | None) -> bool:
        """Wait for the first attempt to end, or until something is due, and fold what has come.

        Return whether it now waits for another execution, which may have ended before.
        """
        alarm = asyncio.create_task(self._ring(due)) if due else None
        try:
            await self._has_news.wait()
        finally:
            if alarm:
                alarm.cancel()
        self._has_news.clear()
        news, self._news = self._news, []
        for item in news:
            if isinstance(item, Exception):
                raise item
            fold(self.state, item)
        return any(_waits_for_child(event) for event in news if isinstance(event, Event))

    def wake(self) -> None:
        """Let `next_event` return."""
        self._has_news.set()

    async def take(self, mail: Mail) -> None:
        """Take what has come from outside; when it was cancelled, once all attempts have been interrupted."""
        self.state.answers |= mail.answers
        if mail.is_cancelled:
            self.is_interrupting = True
            await self._interrupt([task for task, can_be_interrupted in self._tasks.items() if can_be_interrupted])
            self.is_interrupting, self.state.is_cancelled, self.state.reason = False, True, mail.reason
        self.wake()

    async def close(self) -> None:
        """Interrupt what still runs; the log keeps it as running, to be taken up again."""
        await self._interrupt(list(self._tasks))

    async def _interrupt(self, tasks: Sequence[asyncio.Task[None]]) -> None:
        """End attempts; of those that don't give up in time nothing is written down any more."""
        for task in tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=CANCEL_WITHIN)
        for task in tasks:
            self._tasks.pop(task, None)

    async def _attempt(self, command: OfAttempt, work: Work, where: dict[str, Any], inside: int | None) -> None:
        """Make the attempt, have its outcome on disk, and only then tell."""
        task = cast(asyncio.Task[None], asyncio.current_task())
        try:
            attempt = await self._prepare(command, where, inside)
            outcome = await make_attempt(attempt, self._tools, work)
            if task in self._tasks:  # it is still waited for
                self._tasks[task] = False
                event = self._event_of(outcome, where)
                await self._journal.append(event)
                self._tell(event)
        except Exception as error:  # the journal's: whoever drives has to know
            self._tell(error)
        finally:
            self._tasks.pop(task, None)

    def _tell(self, news: Event | Exception) -> None:
        self._news.append(news)
        self.wake()

    async def _prepare(self, command: OfAttempt, where: dict[str, Any], inside: int | None) -> Attempt:
        key = (command.node_id, command.iteration)
        own = await self._items.names_for(key, inside)
        iteration = ".".join(map(str, command.iteration))

        def note_start(input_: Any, files: dict[str, Any] | None) -> None:
            self._journal.post(self._event(status="running", input=input_, files=files, **where))

        return Attempt(
            execution=self.execution,
            node=self.state.graph.nodes[command.node_id],
            names=Scope(self.execution, self.state, key, command.attempt, own=own, inside=inside),
            idempotency_key=f"{self._id}:{command.node_id}:{iteration}",
            on_start=note_start,
        )

    def _event_of(self, outcome: Outcome, where: dict[str, Any]) -> Event:
        event = self._event(**where, **_fields(outcome))
        retry = self.state.graph.nodes[where["node_id"]].retry
        if outcome.status == "failed" and (at := retry_at(retry, event)):  # not the end: it takes no edge yet
            error = {**(event.error or {}), RETRY_AT: at.isoformat()}
            return replace(event, output=None, handles=None, error=error, resume_at=at)
        return event

    def _event(self, **what: Any) -> Event:
        """Make an event with the next number."""
        self._seq += 1
        return Event(execution_id=self._id, seq=self._seq, timestamp=self._clock.now(), **what)

    async def _ring(self, at: datetime) -> None:
        await self._clock.sleep_until(at)
        self.wake()


def _where(command: OfNode) -> dict[str, Any]:
    return {"node_id": command.node_id, "iteration": command.iteration}


def _waits_for_child(event: Event) -> bool:
    return "child" in (event.effect or {}).get("wait", {})


def _fields(outcome: Outcome) -> dict[str, Any]:
    return {name: getattr(outcome, name) for name in Outcome.__slots__}
