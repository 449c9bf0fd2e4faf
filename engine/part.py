"""A part of a definition: one node with all that comes before it, and its body if it is a loop."""

from collections.abc import Mapping
from typing import Any

from engine import topology
from engine.graph import Graph
from engine.group_problems import parents_of

Json = dict[str, Any]


def cut(definition: Mapping[str, Any], node_id: str) -> Json:
    """Return the part; the node itself runs even if it is pinned, and no limit of the workflow holds."""
    nodes = {node["id"]: node for node in definition["nodes"]}
    pairs = [
        (edge["target"], edge["source"])
        for edge in definition["edges"]
        if {edge["target"], edge["source"]} <= nodes.keys()
    ]
    kept = topology.reachable(node_id, topology.neighbours(nodes, pairs)) | _body_of(nodes, node_id)
    return {
        **{name: value for name, value in definition.items() if name != "concurrency"},
        "nodes": [_unpin(node) if id_ == node_id else node for id_, node in nodes.items() if id_ in kept],
        "edges": [edge for edge in definition["edges"] if {edge["source"], edge["target"]} <= kept],
    }


def handles_towards(graph: Graph, source: str, target: str) -> tuple[str, ...] | None:
    """The ends of a node at which a way to another begins; None is the plain one."""
    edges = graph.outgoing[source]
    direct = [edge for edge in edges if edge.target == target] or edges
    named = tuple(dict.fromkeys(edge.handle for edge in direct if edge.handle))
    return named if named and all(edge.handle for edge in direct) else None


def _body_of(nodes: Mapping[str, Json], group: str) -> set[str]:
    pairs = [(parent, id_) for id_, parent in parents_of(list(nodes.values())).items()]
    return topology.reachable(group, topology.neighbours(nodes, pairs))


def _unpin(node: Json) -> Json:
    return {**node, "data": {name: value for name, value in node["data"].items() if name != "pinned"}}
