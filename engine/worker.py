"""Claims the executions that nobody drives and has them driven: those that start, those that wake, and what was left.

What scaling out has to replace is here: `_claim` hands out, `_park` lets go, `wake` and the next due moment bring back.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from engine.attempt import Tools
from engine.claims import Claims
from engine.ends import Ends
from engine.errors import DefinitionError, LostRace, Unwritable
from engine.ids import new_id
from engine.journal import Journal
from engine.mailbox import Mailbox
from engine.models import Execution
from engine.progress import State
from engine.replay import replay
from engine.runner import Runner
from engine.store import Store

LEASE = timedelta(seconds=30)
RENEW_EVERY = timedelta(seconds=10)
LOOK_EVERY = timedelta(seconds=1)
MAX_CLAIM = 200
INTERNAL = "An internal error happened; the server's log has it under the execution's id."
log = logging.getLogger(__name__)


class Worker:
    """Drives executions; a claim is a lease, so that those of a process that has lost its database are taken over."""

    def __init__(
        self,
        store: Store,
        claims: Claims,
        journal: Journal,
        mailbox: Mailbox,
        tools: Tools,
        *,
        limit: int = 1_000,
        takes_any: bool = True,
    ) -> None:
        """Prepare to drive up to `limit` executions at once; without `takes_any` only those that are submitted."""
        self.name = new_id("wk")
        self._store = store
        self._claims = claims
        self._journal = journal
        self._clock = tools.clock
        self._runner = Runner(mailbox=mailbox, journal=journal, tools=tools, clock=tools.clock)
        self._limit = limit
        self._takes_any = takes_any
        self._work = asyncio.Event()
        self._submitted: set[str] = set()
        self._woken: set[str] = set()
        self._told: set[str] = set()  # while they were driven
        self._due: datetime | None = None  # when the next of those that wait wakes
        self._ends = Ends(store)
        self._driving: dict[str, asyncio.Task[None]] = {}
        self._duties: list[asyncio.Task[None]] = []
        self._unsubscribe: Callable[[], None] | None = None

    async def start(self) -> None:
        """Take over what a dead process has left, and begin to look for work; only one process may drive at a time."""
        if self._takes_any:
            await self._claims.release_all()
        self._unsubscribe = self._journal.subscribe(self._ends.hear)
        duties = (self._claim_work(), self._renew_claims(), self._hear_others())
        self._duties = [asyncio.create_task(duty) for duty in duties]

    async def stop(self, *, grace: float = 20) -> None:
        """Claim no more, give running steps `grace` seconds to end, and leave the rest for others to go on with."""
        self._runner.stop()
        await _cancel(self._duties)
        if driving := list(self._driving.values()):
            await asyncio.wait(driving, timeout=grace)
            await _cancel(driving)
        await self._claims.release(self.name)
        if self._unsubscribe:
            self._unsubscribe()
            self._unsubscribe = None

    def submit(self, execution_id: str) -> None:
        """Have an execution that has been committed driven at once, not at the next look."""
        self._submitted.add(execution_id)
        self._ends.expect(execution_id)
        self._work.set()

    async def wake(self, execution_id: str) -> None:
        """Have an execution take what has come for it, whether it runs, waits or has yet to start."""
        if self._runner.is_driving(execution_id):
            self._told.add(execution_id)
            await _keep_going(partial(self._runner.tell, execution_id), "tell an execution what has come")
        else:
            self._woken.add(execution_id)
            self._work.set()

    async def wait(self, execution_id: str, timeout: float) -> bool:
        """Return whether the execution has ended, as soon as it has or after `timeout` seconds."""
        return await self._ends.wait(execution_id, timeout)

    async def _claim_work(self) -> None:
        """Claim whatever is free and drive it, at a call, when something is due, and from time to time."""
        while True:
            self._work.clear()
            has_claimed = await _keep_going(self._claim, "claim executions")
            look = self._clock.now() + LOOK_EVERY
            if has_claimed:
                await _first_of(self._work.wait(), self._clock.sleep_until(min(look, self._due or look)))
            else:
                await self._clock.sleep_until(look)

    async def _claim(self) -> None:
        """The one place where executions are handed out."""
        if woken := set(self._woken):
            await self._take(woken, limit=len(woken))
        if (room := self._limit - len(self._driving)) > 0:  # what was woken is driven beyond the limit
            submitted = set(self._submitted)
            if await self._take(None if self._takes_any else submitted, limit=min(room, MAX_CLAIM)):
                self._submitted -= submitted
                for id_ in submitted - self._driving.keys():
                    self._ends.forget(id_)  # it has ended, waits for its turn, or is driven elsewhere
        self._woken -= woken - self._driving.keys()  # those are ended, or held elsewhere
        self._due = await self._claims.next_due() if self._takes_any else None

    async def _take(self, only: set[str] | None, *, limit: int) -> bool:
        """Return whether that was all there is to do."""
        now = self._clock.now()
        ids = await self._claims.claim(self.name, now=now, until=now + LEASE, limit=limit, only=only)
        new = [id_ for id_ in ids if id_ not in self._driving]  # after a pause our own claims may have run out
        for execution, state in await replay(self._store, new):
            task = asyncio.create_task(self._drive(execution, state), name=execution.id)
            self._driving[execution.id] = task
        if len(ids) == limit:
            self._work.set()
        return len(ids) < limit

    async def _drive(self, execution: Execution, state: State | DefinitionError) -> None:
        try:
            if isinstance(state, DefinitionError):
                await self._give_up(execution, "invalid_workflow", str(state))
            else:
                await self._drive_on(execution, state)
        except LostRace:
            log.warning("Execution %s is driven elsewhere", execution.id)
        except Unwritable as error:
            await _keep_going(partial(self._give_up, execution, "unwritable", str(error)), "end it")
        except (SQLAlchemyError, OSError):  # the database is away: when the claim ends, somebody goes on
            log.exception("Execution %s was interrupted", execution.id)
        except Exception:
            log.exception("Execution %s can't be driven", execution.id)
            await _keep_going(partial(self._give_up, execution, "internal", INTERNAL), "end it")
        finally:
            self._let_go(execution)
        if execution.parent_id:
            await _keep_going(partial(self.wake, execution.parent_id), "tell its parent")

    async def _drive_on(self, execution: Execution, state: State) -> None:
        self._journal.open(execution.id)
        has_mail = execution.id in self._woken
        self._woken.discard(execution.id)
        due = await self._runner.drive(execution, state, has_mail=has_mail)
        if due and (self._due is None or due < self._due):
            self._due = due
            self._work.set()
        if not self._takes_any and not state.is_ended:
            self._submitted.add(execution.id)  # it has its next turn here, too

    def _let_go(self, execution: Execution) -> None:
        self._driving.pop(execution.id, None)
        self._ends.forget(execution.id)
        if execution.id in self._told:  # perhaps too late for it to hear
            self._told.discard(execution.id)
            self._woken.add(execution.id)
            self._work.set()
        was_full = len(self._driving) == self._limit - 1
        if was_full or execution.max_running:
            self._work.set()  # there is room again

    async def _give_up(self, execution: Execution, kind: str, message: str) -> None:
        await self._journal.close()  # what was posted has its numbers already
        self._journal.open(execution.id)
        last = await self._store.find_last_seq(execution.id)
        await self._runner.give_up(execution, last + 1, kind=kind, message=message)

    async def _hear_others(self) -> None:
        """Take what another process has put into the mailbox, such as a command that cancels.

        Only a claim takes the note of it away: what comes while an execution is just let go of has it claimed again.
        """
        while True:
            await self._clock.sleep_until(self._clock.now() + LOOK_EVERY)
            if self._driving:
                await _keep_going(self._tell_woken, "look into the mailbox")

    async def _tell_woken(self) -> None:
        for id_ in await self._claims.find_woken(self.name):
            await self.wake(id_)

    async def _renew_claims(self) -> None:
        while True:
            await self._clock.sleep_until(self._clock.now() + RENEW_EVERY)
            if self._driving:
                await _keep_going(self._renew, "renew the claims")

    async def _renew(self) -> None:
        """Keep the claims, and stop driving what somebody else has claimed meanwhile."""
        driving = list(self._driving)
        held = await self._claims.renew(self.name, driving, until=self._clock.now() + LEASE)
        for id_ in set(driving) - held:
            if task := self._driving.get(id_):
                log.warning("Execution %s is no longer ours", id_)
                self._journal.drop(id_)
                task.cancel()


async def _keep_going(duty: Callable[[], Awaitable[None]], what: str) -> bool:
    """Return whether the duty was done; one that fails is tried again at its next turn."""
    try:
        await duty()
    except (SQLAlchemyError, OSError) as error:
        log.warning("Could not %s, trying again soon: %s", what, str(error).partition("\n")[0])
    except Exception:
        log.exception("Could not %s", what)
    else:
        return True
    return False


async def _first_of(*works: Coroutine[Any, Any, Any]) -> None:
    tasks = [asyncio.create_task(work) for work in works]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await _cancel(tasks)


async def _cancel(tasks: Sequence["asyncio.Task[Any]"]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
