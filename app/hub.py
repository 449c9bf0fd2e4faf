"""Who watches which workflow, and what they are told.

Changes of a document leave at once; an execution's progress is read from its log and leaves every `PAUSE`
seconds, or less often where reading takes its time or the news doesn't end. The hub keeps no truth: all it tells is
read from the database.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from functools import partial
from itertools import count
from typing import Any

from app.changes import Change
from app.models import User
from app.runtime import Runtime
from app.services import executions, progress, rights, workflows
from app.shown import Shown, show_document, show_execution, show_list
from app.ui.rows import ExecutionRow
from app.watchers import Watcher, Watchers, by_view, user_of
from engine.events import Event

PAUSE = 0.03
PATIENT = 4  # times as long are the pauses once there has been news for long
ROUNDS = 10  # until they are longer by one
PAUSE_AFTER_FAILURE = 1.0
REMEMBERED = 10_000
log = logging.getLogger(__name__)


Push = Callable[[str, dict[str, Any]], Awaitable[bool]]  # False: the tab is gone
SendAway = Callable[[str], Awaitable[None]]  # a tab, from what it shows to where one signs in


class Hub:
    """Knows the watchers of this process and pushes what has changed to them."""

    def __init__(self, runtime: Runtime, push: Push, send_away: SendAway) -> None:
        self._runtime = runtime
        self._push = push
        self._send_away = send_away
        self._watchers: Watchers = {}
        self._news: asyncio.Queue[Callable[[], Awaitable[None]]] = asyncio.Queue()  # told in this order
        self._progress_turn = asyncio.Lock()  # or what was read earlier might be told later
        self._lists: dict[str, list[ExecutionRow]] = {}  # by workflow, until one of its executions starts or ends
        self._newest: dict[str, str] = {}  # by workflow, its newest execution; ids sort by time
        self._workflow_of: dict[str, str] = {}  # by execution, those heard of lately
        self._moved: dict[str, bool] = {}  # by execution, whether it has started or ended
        self._has_moved = asyncio.Event()
        self._rounds = 0  # of telling, since there was no news
        self._message_number = count(1)
        runtime.changes.subscribe(lambda change: self._news.put_nowait(partial(self._tell_change, change)))
        runtime.journal.subscribe(self._note_progress)
        runtime.on_sign_out.append(lambda session_id: self._news.put_nowait(partial(self._close_session, session_id)))

    async def run(self) -> None:
        """Tell the watchers what is saved, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_for_ever(self._tell_next_news))
            tasks.create_task(_for_ever(self._tell_next_progress))

    async def watch(self, token: str, user: User, workflow_id: str, *, session_id: str) -> None:
        """Show a tab a workflow's document and executions, and keep it up to date while its session may read them.

        Raise NotFound, or Forbidden for a stranger.
        """
        self.forget(token)
        await workflows.get_workflow(self._runtime, user, workflow_id)
        self._watchers[token] = watcher = Watcher(user, session_id, workflow_id)
        self._news.put_nowait(partial(self._show_document, {token: watcher}, workflow_id))
        await self._show_executions({token: watcher}, workflow_id)

    async def follow(self, token: str, execution_id: str, node_id: str = "") -> None:
        """Let a watching tab follow one execution, or with "" the newest, and look at one of its nodes."""
        if watcher := self._watchers.get(token):
            if execution_id:
                await executions.get_execution(self._runtime, watcher.user, execution_id)
            watcher.execution_id, watcher.node_id = execution_id, node_id
            await self._show_executions({token: watcher}, watcher.workflow_id)

    def select(self, token: str, node_ids: list[str]) -> None:
        """Let a watching tab select these nodes, after it has heard of all changes so far."""
        if watcher := self._watchers.get(token):
            message = self._message(watcher.workflow_id, select=node_ids)
            self._news.put_nowait(partial(self._tell, {token: watcher}, {"message": message}))

    def forget(self, token: str) -> None:
        """Tell this tab nothing more."""
        self._watchers.pop(token, None)

    def _note_progress(self, events: Sequence[Event]) -> None:
        for event in events:
            self._moved[event.execution_id] = event.node_id is None or self._moved.get(event.execution_id, False)
        self._has_moved.set()

    async def _tell_next_news(self) -> None:
        news = await self._news.get()
        await news()

    async def _tell_change(self, change: Change) -> None:
        said = {"rev": change.rev, "ops": change.ops, "by": change.by}
        await self._to_all(change.workflow_id, self._show_document, change=said)

    async def _tell_next_progress(self) -> None:
        self._rounds = self._rounds + 1 if self._has_moved.is_set() else 0
        await self._has_moved.wait()
        self._has_moved.clear()
        moved, self._moved = self._moved, {}
        began = time.monotonic()
        try:
            watched = await self._watched_workflows(moved)
            await _do_all(self._to_all(workflow_id, self._show_executions) for workflow_id in watched)
        except Exception:
            self._moved = moved | self._moved
            self._has_moved.set()
            await asyncio.sleep(PAUSE_AFTER_FAILURE)
            raise
        took = time.monotonic() - began
        await asyncio.sleep(max(PAUSE * min(1 + self._rounds // ROUNDS, PATIENT) - took, took / 2))

    async def _watched_workflows(self, moved: dict[str, bool]) -> set[str]:
        """The watched workflows that these executions are of; the lists that have changed are forgotten."""
        watched = {watcher.workflow_id for watcher in self._watchers.values()}
        if not watched:
            self._lists.clear()
            self._newest.clear()
            return set()
        await self._find_workflows(moved)
        for execution_id, has_turned in moved.items():
            workflow_id = self._workflow_of.get(execution_id, "")
            if has_turned:
                self._lists.pop(workflow_id, None)
            if workflow_id in self._newest:
                self._newest[workflow_id] = max(self._newest[workflow_id], execution_id)
        return watched & {self._workflow_of.get(execution_id, "") for execution_id in moved}

    async def _find_workflows(self, execution_ids: Iterable[str]) -> None:
        if len(self._workflow_of) > REMEMBERED:
            self._workflow_of.clear()
        if unknown := [id_ for id_ in execution_ids if id_ not in self._workflow_of]:
            self._workflow_of |= await progress.find_workflows(self._runtime, unknown)

    async def _to_all(self, workflow_id: str, show: Callable[..., Awaitable[None]], **said: Any) -> None:
        watchers = {token: watcher for token, watcher in self._watchers.items() if watcher.workflow_id == workflow_id}
        if watchers:
            await show(watchers, workflow_id, **said)

    async def _show_document(self, watchers: Watchers, workflow_id: str, **said: Any) -> None:
        if not (watchers := await self._only_readers(watchers, workflow_id)):
            return
        shown = await show_document(self._runtime, user_of(watchers), workflow_id)
        await self._tell(watchers, self._values(workflow_id, shown, **said))

    async def _show_executions(self, watchers: Watchers, workflow_id: str) -> None:
        async with self._progress_turn:
            if not (watchers := await self._only_readers(watchers, workflow_id)):
                return
            rows = await self._read_list(user_of(watchers), workflow_id)  # first: what it calls ended is shown ended
            views = by_view(watchers, newest=self._newest[workflow_id])
            await _do_all(self._show_view(group, workflow_id, *view) for view, group in views.items())
            await self._tell(watchers, {"executions": rows})

    async def _show_view(self, group: Watchers, workflow_id: str, execution_id: str, node_id: str) -> None:
        shown = await show_execution(self._runtime, user_of(group), execution_id, node_id)
        await self._tell(group, self._values(workflow_id, shown))

    async def _only_readers(self, watchers: Watchers, workflow_id: str) -> Watchers:
        """Send away the tabs whose session has ended or whose person may read this no longer."""
        sessions = {watcher.session_id for watcher in watchers.values()}
        readers = await rights.find_readers(self._runtime, workflow_id, sessions)
        for token, watcher in watchers.items():
            if watcher.session_id not in readers and self._watchers.get(token) is watcher:
                await self._dismiss(token)
        return {token: watcher for token, watcher in watchers.items() if watcher.session_id in readers}

    async def _close_session(self, session_id: str) -> None:
        for token in [token for token, watcher in self._watchers.items() if watcher.session_id == session_id]:
            await self._dismiss(token)

    async def _dismiss(self, token: str) -> None:
        self.forget(token)
        try:
            await self._send_away(token)
        except Exception:
            log.exception("A tab could not be sent away")

    async def _read_list(self, user: User, workflow_id: str) -> list[ExecutionRow]:
        if workflow_id not in self._lists:
            rows = await show_list(self._runtime, user, workflow_id)
            self._lists[workflow_id], self._newest[workflow_id] = rows, rows[0].id if rows else ""
        return self._lists[workflow_id]

    def _values(self, workflow_id: str, shown: Shown, **said: Any) -> dict[str, Any]:
        message = shown.said | said
        return shown.values | ({"message": self._message(workflow_id, **message)} if message else {})

    async def _tell(self, watchers: Watchers, values: dict[str, Any]) -> None:
        for token, watcher in watchers.items():
            if self._watchers.get(token) is not watcher:
                continue  # it went elsewhere while this was read
            news = {name: value for name, value in values.items() if watcher.told.get(name) != value}
            watcher.told |= news
            if news and not await self._reaches(token, news):
                self.forget(token)

    async def _reaches(self, token: str, news: dict[str, Any]) -> bool:
        try:
            return await self._push(token, news)
        except Exception:
            log.exception("A tab could not be reached")
            return False

    def _message(self, workflow_id: str, **said: Any) -> dict[str, Any]:
        return {"n": next(self._message_number), "workflow_id": workflow_id, **said}


async def _for_ever(work: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await work()
        except Exception:
            log.exception("Those who watch could not be told what has changed")


async def _do_all(works: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Do all of it, whatever fails; then raise what has failed."""
    results = await asyncio.gather(*works, return_exceptions=True)
    if failures := [result for result in results if isinstance(result, Exception)]:
        raise ExceptionGroup("some could not be told", failures)
