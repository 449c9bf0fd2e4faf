"""Drives executions: does what `decide` asks for and has the journal write down what happened."""

from datetime import datetime, timedelta

from engine.attempt import Tools, failed_outcome
from engine.clock import Clock
from engine.commands import (
    CancelNode,
    CheckLoop,
    Command,
    EndExecution,
    EndLoop,
    FailNode,
    PassNode,
    ResumeNode,
    SkipNode,
    StartNode,
)
from engine.events import Event
from engine.journal import Journal
from engine.mailbox import Mailbox
from engine.models import Execution
from engine.progress import State
from engine.run import Run
from engine.sdk import Answer
from engine.state import decide, next_due
from engine.work import check_loop, end_loop, resume_step, run_step

HOLD = timedelta(seconds=2)  # what is due sooner isn't worth letting go


class Runner:
    """Holds an execution in memory only while something of it runs, or soon will."""

    def __init__(self, *, mailbox: Mailbox, journal: Journal, tools: Tools, clock: Clock) -> None:
        self._mailbox = mailbox
        self._journal = journal
        self._tools = tools
        self._clock = clock
        self._runs: dict[str, Run] = {}
        self._is_stopping = False

    async def drive(self, execution: Execution, state: State, *, has_mail: bool = False) -> datetime | None:
        """Drive an execution on to its end, or until it only waits; return the moment until which it does.

        Safe to call again after a crash. With `has_mail` something has come since the execution was read.
        """
        if state.is_ended:
            return None
        run = self._runs[execution.id] = Run(execution, state, self._journal, self._tools, self._clock)
        try:
            await self._begin(run, has_mail)
            while not self._may_leave(run):
                await self._obey(run)
                if run.state.is_ended:
                    break
                if self._may_park(run):
                    return await run.park(next_due(run.state))
                if await run.next_event(next_due(run.state)):
                    await self.tell(execution.id)
        finally:
            del self._runs[execution.id]
            await run.close()
        return None

    def stop(self) -> None:
        """Start no more steps: each `drive` returns when the steps that run have ended, and may go on elsewhere."""
        self._is_stopping = True
        for run in self._runs.values():
            run.wake()

    def is_driving(self, execution_id: str) -> bool:
        return execution_id in self._runs

    async def tell(self, execution_id: str) -> None:
        """Have a driven execution take what has come for it."""
        if run := self._runs.get(execution_id):
            await run.take(await self._mailbox.read(execution_id, run.state))

    async def give_up(self, execution: Execution, seq: int, *, kind: str, message: str) -> None:
        """End an execution that can't be driven as failed, with the event of that number."""
        error = {"type": kind, "message": message}
        event = Event(
            execution_id=execution.id,
            seq=seq,
            status="failed",
            timestamp=self._clock.now(),
            error=error,
            wakes=execution.parent_id,
        )
        await self._journal.append(event)

    async def _begin(self, run: Run, has_mail: bool) -> None:
        await run.begin()
        if has_mail or run.state.waiting or run.execution.cancel_requested_at:
            await run.take(await self._mailbox.read(run.execution.id, run.state))

    def _may_leave(self, run: Run) -> bool:
        return run.state.is_ended or (self._is_stopping and not run.state.running)

    def _is_held(self, run: Run) -> bool:
        return self._is_stopping or run.is_interrupting

    def _may_park(self, run: Run) -> bool:
        if run.state.running or self._is_held(run):
            return False
        due = next_due(run.state)
        if due is None and not run.state.waiting:
            raise RuntimeError("the execution has nothing to do and nothing to wait for")
        return due is None or due - self._clock.now() > HOLD

    async def _obey(self, run: Run) -> None:
        """Do what the execution needs, and what it needs then, until it only needs a step to end or time to pass."""
        while not self._is_held(run) and (commands := decide(run.state, self._clock.now())):
            for command in commands:
                await self._do(run, command)

    async def _do(self, run: Run, command: Command) -> None:  # noqa: C901 - one arm a command
        match command:
            case StartNode():
                run.start(command, run_step)
            case ResumeNode(answer=answer):
                run.start(command, resume_step, {"answer": await self._last_answer(run, command) or answer})
            case CheckLoop(index=index, until=until):
                count = run.state.loops[command.node_id, command.iteration].count
                run.start(command, check_loop, {"index": index, "count": count, "until": until}, inside=index)
            case EndLoop(output=output):
                run.start(command, end_loop, {"results": output})
            case SkipNode():
                run.post(command, status="skipped")
            case PassNode(handles=handles, output=output):
                run.post(command, status="succeeded", handles=handles, output=output)
            case CancelNode(attempt=attempt):
                if child := run.state.children.get((command.node_id, command.iteration)):
                    await self._mailbox.request_cancel(child, self._clock.now())
                run.post(command, status="cancelled", attempt=attempt)
            case FailNode(error=error):
                outcome = failed_outcome(run.state.graph.nodes[command.node_id], error)
                run.post_outcome(command, outcome)
            case EndExecution(status, result, error):
                await run.end(status, result, error)

    async def _last_answer(self, run: Run, command: ResumeNode) -> Answer | None:
        """When the time of a wait is over, the one answer may have come just before."""
        if command.answer.what != "time" or command.what not in ("request", "approval"):
            return None
        return await self._mailbox.close(run.execution.id, command.seq, self._clock.now())
