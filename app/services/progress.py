"""An execution as the canvas follows it: what has become of its nodes and edges, and the data of one node."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from app.models import User
from app.runtime import Runtime
from app.services.executions import describe_with, get_execution
from app.services.logs import describe_event
from engine.events import ENDED
from engine.store import NodeSummary


async def read_progress(rt: Runtime, user: User, execution_id: str) -> dict[str, Any]:
    """An execution as the interface shows it, with `edges` `{id: "taken" | "skipped"}` for those that are decided."""
    execution = await get_execution(rt, user, execution_id)
    nodes = await rt.store.summarize_nodes(execution_id)
    edges = {edge["id"]: fate for edge in execution.definition["edges"] if (fate := _fate(edge, nodes))}
    return {**describe_with(execution, nodes), "edges": edges}


async def read_node(rt: Runtime, user: User, execution_id: str, node_id: str) -> list[dict[str, Any]]:
    """The rows of one node's log, in order."""
    await get_execution(rt, user, execution_id)
    return [describe_event(event) for event in await rt.store.read_log(execution_id, node_id=node_id)]


async def find_workflows(rt: Runtime, execution_ids: Sequence[str]) -> dict[str, str]:
    """The workflow of each of these executions, by id; for the hub, which asks for nobody in particular."""
    return await rt.store.find_workflows(execution_ids)


def _fate(edge: Mapping[str, Any], nodes: Mapping[str, NodeSummary]) -> Literal["taken", "skipped"] | None:
    source, handle = nodes.get(edge["source"]), edge.get("sourceHandle")
    if source is None or source.status not in ENDED or (source.status == "failed" and source.handles is None):
        return None
    is_taken = source.status != "skipped" and (handle in source.handles if source.handles else handle is None)
    return "taken" if is_taken else "skipped"
