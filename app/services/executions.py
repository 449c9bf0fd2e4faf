"""Executions: finding them and reading what they did."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Literal, TypedDict, Unpack

from sqlmodel import col, select

from app.errors import Invalid
from app.models import User, Workflow
from app.runtime import Runtime
from app.services.large import describe_files, read_result
from app.services.paging import Page, check_limit, read_cursor, write_cursor
from app.services.rights import find_execution, find_workflow, is_visible_to
from app.services.values import as_query
from engine.events import ENDED
from engine.models import Execution
from engine.store import Filters, NodeSummary

SKIPPED = NodeSummary(status="skipped", attempts=0, started_at=None, completed_at=None)


async def get_execution(
    rt: Runtime, user: User, execution_id: str, *, to: Literal["read", "write"] = "read"
) -> Execution:
    """One execution; raise NotFound, or Forbidden for a stranger. Its workflow may be deleted since."""
    async with rt.database.read() as session:
        return await find_execution(session, user, execution_id, to=to)


class Wanted(TypedDict, total=False):
    """Which executions to list; what is left out or None is all."""

    status: str | None
    trigger: str | None
    since: datetime | None
    until: datetime | None
    search: str


async def list_executions(
    rt: Runtime,
    user: User,
    *,
    workflow_id: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
    **wanted: Unpack[Wanted],
) -> Page[Execution]:
    """The executions of the user's workflows, or of one of them, the newest first."""
    position = read_cursor(cursor, types=(str,))
    filters = _read_filters(wanted, await _find_workflow_ids(rt, user, workflow_id))
    before = position[0] if position else None
    found = list(await rt.store.list_executions(filters, limit=check_limit(limit) + 1, before=before))
    page = found[:limit]
    return Page(items=page, next_cursor=write_cursor(page[-1].id) if len(found) > limit else None)


async def describe(rt: Runtime, execution: Execution) -> dict[str, Any]:
    """An execution as the interface shows it, with its whole result."""
    described = describe_with(execution, await rt.store.summarize_nodes(execution.id))
    return {**described, "result": await read_result(rt, execution)}


def describe_with(execution: Execution, nodes: Mapping[str, NodeSummary]) -> dict[str, Any]:
    """The same, from summaries of its nodes that are at hand; of a large result it is the beginning.

    What it never came to is skipped once it has ended.
    """
    ids = [node["id"] for node in execution.definition["nodes"]] if execution.status in ENDED else []
    return {
        **describe_briefly(execution),
        "input": execution.input,
        "result": execution.result,
        "files": describe_files({"result": execution.result_file} if execution.result_file else None),
        "definition": execution.definition,
        "nodes": {
            id_: _describe_node(node, is_parked=execution.status == "waiting")
            for id_, node in {**dict.fromkeys(ids, SKIPPED), **nodes}.items()
        },
    }


def describe_briefly(execution: Execution) -> dict[str, Any]:
    """An execution as a list shows it."""
    return {
        "id": execution.id,
        "workflow_id": execution.workflow_id,
        "workflow_name": execution.workflow_name,
        "status": execution.status,
        "trigger": execution.trigger,
        "error": execution.error,
        "retry_of": execution.retry_of,
        "created_at": execution.created_at,
        "started_at": execution.started_at,
        "completed_at": execution.completed_at,
        "duration_ms": _duration(execution),
    }


def _describe_node(node: NodeSummary, *, is_parked: bool) -> dict[str, Any]:
    """A node as the interface shows it; a loop waits when all that goes on in it does."""
    return {
        "status": "waiting" if is_parked and node.status == "running" else node.status,
        "attempts": node.attempts,
        "started_at": node.started_at,
        "completed_at": node.completed_at,
        "duration_ms": node.duration_ms,
        "iterations": node.iterations,
        "rounds": node.rounds and asdict(node.rounds),
    }


def _read_filters(wanted: Wanted, workflow_ids: list[str]) -> Filters:
    return Filters(
        workflow_ids=workflow_ids,
        status=wanted.get("status"),
        trigger=as_query(wanted.get("trigger") or "") or None,
        since=_in_utc(wanted.get("since")),
        until=_in_utc(wanted.get("until")),
        search=as_query(wanted.get("search", "")),
    )


async def _find_workflow_ids(rt: Runtime, user: User, workflow_id: str | None) -> list[str]:
    async with rt.database.read() as session:
        if workflow_id is not None:
            return [(await find_workflow(session, user, workflow_id, to="read", is_deleted_too=True)).id]
        return list((await session.exec(select(col(Workflow.id)).where(is_visible_to(user)))).all())


def _in_utc(moment: datetime | None) -> datetime | None:
    try:
        return moment and (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError as error:
        raise Invalid("since and until are moments between the years 1 and 9999.") from error


def _duration(execution: Execution) -> int | None:
    if execution.started_at is None or execution.completed_at is None:
        return None
    return round((execution.completed_at - execution.started_at).total_seconds() * 1000)
