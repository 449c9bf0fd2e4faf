"""An execution as the canvas follows it: what has become of its nodes and edges, and the data of one node."""

import asyncio
from collections.abc import Mapping, Sequence, Set
from typing import Any, Literal

from app.models import User
from app.runtime import Runtime
from app.services.executions import describe_with, get_execution
from app.services.logs import describe_event
from engine.events import ENDED, is_taken
from engine.store import NodeSummary


async def read_progress(rt: Runtime, user: User, execution_id: str) -> dict[str, Any]:
    """An execution as the interface shows it, with `edges` `{id: "taken" | "skipped"}` for those that are decided."""
    execution, nodes = await asyncio.gather(
        get_execution(rt, user, execution_id), rt.store.summarize_nodes(execution_id)
    )
    definition = execution.definition
    ends = {node["id"] for node in definition["nodes"] if (node["data"].get("on_error") or "stop") == "stop"}
    edges = {edge["id"]: fate for edge in definition["edges"] if (fate := _fate(edge, nodes, ends))}
    return {**describe_with(execution, nodes), "edges": edges}


async def read_node(rt: Runtime, user: User, execution_id: str, node_id: str) -> list[dict[str, Any]]:
    """The rows of one node's log, in order."""
    await get_execution(rt, user, execution_id)
    return [describe_event(event) for event in await rt.store.read_log(execution_id, node_id=node_id)]


async def find_workflows(rt: Runtime, execution_ids: Sequence[str]) -> dict[str, str]:
    """The workflow of each of these executions, by id; for the hub, which asks for nobody in particular."""
    return await rt.store.find_workflows(execution_ids)


def _fate(
    edge: Mapping[str, Any], nodes: Mapping[str, NodeSummary], ends: Set[str]
) -> Literal["taken", "skipped"] | None:
    """What became of an edge; those of a node that ended the execution are never decided."""
    source = nodes.get(edge["source"])
    if source is None or source.status not in ENDED or (source.status == "failed" and edge["source"] in ends):
        return None
    is_on = is_taken(edge.get("sourceHandle") or None, status=source.status, handles=source.handles)
    return "taken" if is_on else "skipped"
