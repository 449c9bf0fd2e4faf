"""The executions drawer's own part of the tab: whether it is open, and one node's data."""

import json
from typing import Any

import reflex as rx

from app.errors import Invalid
from app.guard import current_user
from app.live import get_hub
from app.pages.editor.place import workflow_of
from app.runtime import get_runtime
from app.services import answering, control, editing, retrying, starting, workflows
from app.services.answering import Decision
from app.ui.notices import NoticeState
from app.ui.rows import ProblemRow, problem_rows

PROBLEMS = "error problems"  # a notice that is out of date when there are none


class ExecutionState(rx.State):
    """Which execution this tab follows, "" being the newest, and whether the drawer is open."""

    followed: str = ""
    is_open: bool = False
    comment: str = ""  # on what is to be approved

    @rx.event
    def load(self) -> None:
        self.followed = ""

    @rx.event
    def toggle(self) -> None:
        self.is_open = not self.is_open

    @rx.event
    async def run(self) -> rx.event.EventSpec:
        return await self._start({})

    @rx.event
    async def run_with(self, form: dict[str, str]) -> rx.event.EventSpec:
        return await self._start(_read_input(form["input"]))

    @rx.event
    async def follow(self, execution_id: str) -> None:
        self.followed = execution_id
        await self.look_at("")

    @rx.event
    async def look_at(self, node_id: str) -> None:
        await get_hub().follow(self.router.session.client_token, self.followed, node_id)

    @rx.event
    async def open_node(self, node_id: str) -> None:
        self.is_open = True
        await self.look_at(node_id)

    @rx.event
    async def stop(self, execution_id: str) -> None:
        await control.cancel_execution(get_runtime(), current_user(), execution_id)

    @rx.event
    async def retry(self, execution_id: str, begin: str) -> None:
        await retrying.retry_execution(get_runtime(), current_user(), execution_id, begin=begin)
        await self.follow("")

    @rx.event
    def set_comment(self, comment: str) -> None:
        self.comment = comment

    @rx.event
    async def decide(self, execution_id: str, node: str, iteration: list[int], decision: Decision) -> None:
        await answering.decide_approval(
            get_runtime(),
            current_user(),
            execution_id,
            node=node,
            decision=decision,
            comment=self.comment,
            iteration=iteration,
        )
        self.comment = ""

    async def _start(self, given: Any) -> rx.event.EventSpec:
        if problems := await self._find_problems():
            get_hub().select(self.router.session.client_token, [problems[0].node])
            return NoticeState.show(_say(problems), PROBLEMS)
        await starting.start_execution(get_runtime(), current_user(), workflow_of(self), input=given)
        self.is_open = True
        await self.follow("")
        return NoticeState.dismiss()

    async def _find_problems(self) -> list[ProblemRow]:
        workflow = await workflows.get_workflow(get_runtime(), current_user(), workflow_of(self))
        return problem_rows(workflow.nodes, await editing.problems_of(get_runtime(), workflow))


def _say(problems: list[ProblemRow]) -> str:
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    first = ": ".join(filter(None, [problems[0].label, problems[0].message]))
    return f"The workflow has {count}. {first}"


def _read_input(text: str) -> Any:
    try:
        return json.loads(text or "{}")
    except (ValueError, RecursionError) as error:
        raise Invalid(f"The input isn't JSON: {error}.") from error
