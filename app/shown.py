"""What those who watch a workflow are shown, read from the database: `LiveState`'s values and the canvas' messages."""

from dataclasses import dataclass
from typing import Any

from app.models import User
from app.runtime import Runtime
from app.services import editing, executions, progress, workflows
from app.services.ends import find_ends
from app.ui.rows import (
    ExecutionRow,
    StepDetail,
    card_statuses,
    execution_row,
    problem_rows,
    problems_by_node,
    step_detail,
    step_rows,
)

NEWEST = 30  # executions in the list


@dataclass(frozen=True)
class Shown:
    """`values` for the page's own components, and `said` in a message to the canvas."""

    values: dict[str, Any]
    said: dict[str, Any]


async def show_document(rt: Runtime, user: User, workflow_id: str) -> Shown:
    """The workflow's name and problems, and where edges may begin."""
    workflow = await workflows.get_workflow(rt, user, workflow_id)
    problems = await editing.problems_of(rt, workflow)
    values = {
        "name": workflow.name,
        "is_empty": not workflow.nodes,
        "problems": problem_rows(workflow.nodes, problems),
    }
    ends = find_ends(workflow.nodes, workflow.edges, rt.steps)
    return Shown(values, {"problems": problems_by_node(problems), "ends": ends})


async def show_list(rt: Runtime, user: User, workflow_id: str) -> list[ExecutionRow]:
    """The workflow's newest executions."""
    page = await executions.list_executions(rt, user, workflow_id=workflow_id, limit=NEWEST)
    return [execution_row(executions.describe_briefly(execution)) for execution in page.items]


async def show_execution(rt: Runtime, user: User, execution_id: str, node_id: str) -> Shown:
    """How an execution fares, and the data of one node, or with "" its own; without an id there is none."""
    if not execution_id:
        return Shown({"followed": "", "followed_status": "", "steps": [], "detail": StepDetail()}, {})
    execution = await progress.read_progress(rt, user, execution_id)
    log = await progress.read_node(rt, user, execution_id, node_id) if node_id else []
    values: dict[str, Any] = {
        "followed": execution_id,
        "followed_status": execution["status"],
        "steps": step_rows(execution),
    }
    if not node_id or node_id in {node["id"] for node in execution["definition"]["nodes"]}:
        values["detail"] = step_detail(execution, node_id, log)  # what is newer leaves what was shown
    status = {"execution_id": execution_id, "nodes": card_statuses(execution["nodes"]), "edges": execution["edges"]}
    return Shown(values, {"status": status})
