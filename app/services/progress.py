"""An execution as the canvas follows it: what has become of its nodes and edges, and the data of one node."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from app.models import User
from app.runtime import Runtime
from app.services.executions import describe_with, get_execution
from app.services.logs import describe_event
from app.services.waits import describe_wait
from engine.store import NodeSummary


async def read_progress(rt: Runtime, user: User, execution_id: str) -> dict[str, Any]:
    """An execution as the interface shows it, with `edges` `{id: "taken" | "skipped"}` for those that are decided."""
    execution, nodes = await asyncio.gather(
        get_execution(rt, user, execution_id), rt.store.summarize_nodes(execution_id)
    )
    edges = {edge["id"]: fate for edge in execution.definition["edges"] if (fate := _fate(edge, nodes))}
    return {**describe_with(execution, nodes), "edges": edges}


async def read_node(rt: Runtime, user: User, execution_id: str, node_id: str) -> list[dict[str, Any]]:
    """The last rows of one node's log, in order, with `wait`; while it waits, that which waits longest."""
    execution = await get_execution(rt, user, execution_id)
    node = (await rt.store.summarize_nodes(execution_id)).get(node_id)
    events = await rt.store.read_rows(execution_id, node.latest) if node else []
    return [
        {**describe_event(event), "wait": await describe_wait(rt, execution.workflow_id, event)} for event in events
    ]


async def find_workflows(rt: Runtime, execution_ids: Sequence[str]) -> dict[str, str]:
    """The workflow of each of these executions, by id; for the hub, which asks for nobody in particular."""
    return await rt.store.find_workflows(execution_ids)


def _fate(edge: Mapping[str, Any], nodes: Mapping[str, NodeSummary]) -> Literal["taken", "skipped"] | None:
    """What became of an edge, in a loop in any iteration; those of a node that ended the execution stay undecided."""
    source = nodes.get(edge["source"])
    if source is None or source.ways is None:
        return None
    return "taken" if (edge.get("sourceHandle") or None) in source.ways else "skipped"
