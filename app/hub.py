"""Who watches which workflow, and what they are told.

Changes of a document leave at once; an execution's progress is read from its log and leaves every `PAUSE`
seconds, or less often where reading takes its time. The hub keeps no truth: all it tells is read from the database.
"""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Any

from app.changes import Change
from app.models import User
from app.runtime import Runtime
from app.services import executions, progress, workflows
from app.ui.rows import StepDetail, execution_row, problem_rows, problems_by_node, step_detail, step_rows
from engine.events import Event

PAUSE = 0.04
NEWEST = 30
log = logging.getLogger(__name__)


@dataclass
class Watcher:
    """A tab at a workflow. Without `execution_id` it follows the newest execution; `node_id` is the node whose data
    it shows, "" the execution's own. `told` is what it was told last, which isn't said twice."""

    user: User
    workflow_id: str
    execution_id: str = ""
    node_id: str = ""
    told: dict[str, Any] = field(default_factory=dict)


Watchers = dict[str, Watcher]
Push = Callable[[str, dict[str, Any]], Awaitable[bool]]  # False: the tab is gone


class Hub:
    """Knows the watchers of this process and pushes what has changed to them."""

    def __init__(self, runtime: Runtime, push: Push) -> None:
        self._runtime = runtime
        self._push = push
        self._watchers: dict[str, Watcher] = {}
        self._news: asyncio.Queue[Callable[[], Awaitable[None]]] = asyncio.Queue()  # told in this order
        self._progress_turn = asyncio.Lock()  # or what was read earlier might be told later
        self._moved: set[str] = set()
        self._has_moved = asyncio.Event()
        self._message_number = count(1)
        runtime.changes.subscribe(lambda change: self._news.put_nowait(partial(self._tell_change, change)))
        runtime.journal.subscribe(self._note_progress)

    async def run(self) -> None:
        """Tell the watchers what is saved, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_for_ever(self._tell_next_news))
            tasks.create_task(_for_ever(self._tell_next_progress))

    async def watch(self, token: str, user: User, workflow_id: str) -> None:
        """Show a tab a workflow's document and executions, and keep it up to date from now on."""
        self._watchers[token] = watcher = Watcher(user, workflow_id)
        self._news.put_nowait(partial(self._show_document, {token: watcher}, workflow_id))
        await self._show_executions({token: watcher}, workflow_id)

    async def follow(self, token: str, execution_id: str, node_id: str = "") -> None:
        """Let a watching tab follow one execution, or with "" the newest, and look at one of its nodes."""
        if watcher := self._watchers.get(token):
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
        self._moved.update(event.execution_id for event in events)
        self._has_moved.set()

    async def _tell_next_news(self) -> None:
        news = await self._news.get()
        await news()

    async def _tell_change(self, change: Change) -> None:
        said = {"rev": change.rev, "ops": change.ops, "by": change.by}
        await self._to_all(change.workflow_id, self._show_document, change=said)

    async def _tell_next_progress(self) -> None:
        await self._has_moved.wait()
        self._has_moved.clear()
        moved, self._moved = self._moved, set()
        began = time.monotonic()
        for workflow_id in await self._watched_workflows(moved):
            await self._to_all(workflow_id, self._show_executions)
        await asyncio.sleep(max(PAUSE, 2 * (time.monotonic() - began)))

    async def _watched_workflows(self, execution_ids: set[str]) -> set[str]:
        watched = {watcher.workflow_id for watcher in self._watchers.values()}
        return watched and watched & await progress.find_workflows(self._runtime, execution_ids)

    async def _to_all(self, workflow_id: str, show: Callable[..., Awaitable[None]], **said: Any) -> None:
        watchers = {token: watcher for token, watcher in self._watchers.items() if watcher.workflow_id == workflow_id}
        if watchers:
            await show(watchers, workflow_id, **said)

    async def _show_document(self, watchers: Watchers, workflow_id: str, **said: Any) -> None:
        workflow = await workflows.get_workflow(self._runtime, _user_of(watchers), workflow_id)
        problems = await workflows.problems_of(self._runtime, workflow)
        shown = {
            "message": self._message(workflow_id, problems=problems_by_node(problems), **said),
            "name": workflow.name,
            "is_empty": not workflow.nodes,
            "problems": problem_rows(workflow.nodes, problems),
        }
        await self._tell(watchers, shown)

    async def _show_executions(self, watchers: Watchers, workflow_id: str) -> None:
        async with self._progress_turn:
            await self._read_and_tell_executions(watchers, workflow_id)

    async def _read_and_tell_executions(self, watchers: Watchers, workflow_id: str) -> None:
        page = await executions.list_executions(
            self._runtime, _user_of(watchers), workflow_id=workflow_id, limit=NEWEST
        )
        rows = [execution_row(executions.describe_briefly(execution)) for execution in page.items]
        newest = rows[0].id if rows else ""
        for (execution_id, node_id), group in _by_view(watchers, newest=newest).items():
            shown = await self._follow(_user_of(group), execution_id, node_id)
            await self._tell(group, {"executions": rows} | shown)

    async def _follow(self, user: User, execution_id: str, node_id: str) -> dict[str, Any]:
        if not execution_id:
            return {"followed": "", "steps": [], "detail": StepDetail()}
        execution = await progress.read_progress(self._runtime, user, execution_id)
        rows = await progress.read_node(self._runtime, user, execution_id, node_id) if node_id else []
        status = {"execution_id": execution_id, "nodes": execution["nodes"], "edges": execution["edges"]}
        return {
            "message": self._message(execution["workflow_id"], status=status),
            "followed": execution_id,
            "steps": step_rows(execution),
            "detail": step_detail(execution, node_id, rows),
        }

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


def _user_of(watchers: Watchers) -> User:
    return next(iter(watchers.values())).user


def _by_view(watchers: Watchers, *, newest: str) -> dict[tuple[str, str], Watchers]:
    groups: defaultdict[tuple[str, str], Watchers] = defaultdict(dict)
    for token, watcher in watchers.items():
        groups[watcher.execution_id or newest, watcher.node_id][token] = watcher
    return groups
