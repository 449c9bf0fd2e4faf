"""A workflow as the engine sees it: nodes, the edges between them, and who comes before whom."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from engine import topology
from engine.errors import DefinitionError
from engine.problems import Problem as Problem
from engine.problems import find_problems as find_problems

OnError = Literal["stop", "continue", "branch"]
DEFAULT_TIMEOUT = 60.0
NOT_PINNED = object()


@dataclass(frozen=True, slots=True)
class Retry:
    """How often and how soon a failed node is tried again; times in seconds."""

    max_attempts: int = 1
    delay: float = 1.0
    backoff: float = 2.0
    max_delay: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One step of a workflow and its settings, as `WORKFLOW.md` has them."""

    id: str
    type: str
    action: str
    label: str
    inputs: Mapping[str, Any]
    enabled: bool = True
    timeout: float = DEFAULT_TIMEOUT
    on_error: OnError = "stop"
    join: Literal["all", "any"] = "all"
    retry: Retry = Retry()
    connection: str | None = None
    parent: str | None = None
    pinned: Any = NOT_PINNED


@dataclass(frozen=True, slots=True)
class Edge:
    """A connection; `handle` None is the plain end of a node."""

    id: str
    source: str
    target: str
    handle: str | None = None


@dataclass(frozen=True, slots=True)
class Body:
    """The nodes that run together, once in the workflow or once in each iteration of a group: those that begin, all."""

    starts: tuple[str, ...]
    order: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """What is reached from the trigger; a node that isn't is never run and so is not in here.

    `bodies` are the workflow's own, under None, and each group's.
    """

    trigger: str
    nodes: Mapping[str, Node]
    incoming: Mapping[str, tuple[Edge, ...]]
    outgoing: Mapping[str, tuple[Edge, ...]]
    bodies: Mapping[str | None, Body]
    order: tuple[str, ...]
    _upstream: Mapping[str, int] = field(repr=False)
    _bits: Mapping[str, int] = field(repr=False)

    def is_upstream(self, source: str, of: str) -> bool:
        """Tell whether a node comes before another, at whatever distance; those before a group come before its body."""
        return bool(self._upstream[of] & self._bits.get(source, 0))

    def upstream(self, of: str) -> tuple[str, ...]:
        """The ids of all nodes before one, in order."""
        return tuple(id_ for id_ in self.order if self.is_upstream(id_, of))


def parse(definition: Any) -> Graph:
    """Read a definition without problems; raise DefinitionError where it isn't one."""
    try:
        nodes = {node.id: node for node in map(_read_node, definition["nodes"])}
        edges = [_read_edge(edge, place) for place, edge in enumerate(definition["edges"])]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DefinitionError(f"The definition can't be read: {type(error).__name__} {error}.") from None
    trigger = next((node.id for node in nodes.values() if node.type == "trigger"), None)
    if trigger is None:
        raise DefinitionError("The workflow has no trigger: add one.")
    if nodes[trigger].parent is not None:
        raise DefinitionError("The trigger is in a group.")
    if lost := next((edge for edge in edges if edge.source not in nodes or edge.target not in nodes), None):
        raise DefinitionError(f"The edge {lost.id} has an end at no node.")
    if out := next((edge for edge in edges if nodes[edge.source].parent != nodes[edge.target].parent), None):
        raise DefinitionError(f"The edge {out.id} leads into or out of a group.")
    return _build(trigger, nodes, edges)


def _build(trigger: str, nodes: dict[str, Node], edges: list[Edge]) -> Graph:
    targets = {edge.target for edge in edges}
    pairs = [(edge.source, edge.target) for edge in edges]
    groups = {id_ for id_, node in nodes.items() if node.type == "group"}
    entries = [(node.parent, id_) for id_, node in nodes.items() if node.parent in groups and id_ not in targets]
    reached = topology.reachable(trigger, topology.neighbours(nodes, [*pairs, *entries]))
    edges = [edge for edge in edges if edge.source in reached]
    pairs = [pair for pair in [*pairs, *entries] if pair[0] in reached]
    order, left = topology.sort(reached, pairs)
    if left:
        raise DefinitionError(f"These nodes form a circle: {', '.join(sorted(left))}.")
    before = topology.neighbours(reached, [(target, source) for source, target in pairs])
    incoming = _group(reached, edges, "target")
    bits = {id_: 1 << place for place, id_ in enumerate(order)}
    upstream = topology.upstream(order, before)
    return Graph(
        trigger=trigger,
        nodes={id_: nodes[id_] for id_ in order},
        incoming=incoming,
        outgoing=_group(reached, edges, "source"),
        bodies=_find_bodies([nodes[id_] for id_ in order], incoming),
        order=tuple(order),
        _upstream={id_: upstream[id_] & ~_around(nodes[id_], nodes, bits) for id_ in order},
        _bits=bits,
    )


def _find_bodies(nodes: list[Node], incoming: Mapping[str, tuple[Edge, ...]]) -> dict[str | None, Body]:
    bodies: dict[str | None, list[str]] = {node.id: [] for node in nodes if node.type == "group"}
    for node in nodes:
        bodies.setdefault(node.parent, []).append(node.id)
    return {parent: Body(tuple(id_ for id_ in ids if not incoming[id_]), tuple(ids)) for parent, ids in bodies.items()}


def _around(node: Node, nodes: Mapping[str, Node], bits: Mapping[str, int]) -> int:
    """The groups that a node is in; what they give isn't there yet."""
    found, parent = 0, node.parent
    while parent is not None:
        found, parent = found | bits[parent], nodes[parent].parent
    return found


def _group(ids: set[str], edges: list[Edge], end: Literal["source", "target"]) -> dict[str, tuple[Edge, ...]]:
    groups: dict[str, list[Edge]] = {id_: [] for id_ in ids}
    for edge in edges:
        groups[getattr(edge, end)].append(edge)
    return {id_: tuple(group) for id_, group in groups.items()}


def _read_node(raw: dict[str, Any]) -> Node:
    data = raw["data"]
    return Node(
        id=_text(raw["id"]),
        type=_text(raw["type"]),
        action=_text(data["action"]),
        label=_text(data.get("label") or raw["id"]),
        inputs=dict(data.get("inputs") or {}),
        enabled=data.get("enabled", True) is not False,
        timeout=float(data.get("timeout") or DEFAULT_TIMEOUT),
        on_error=cast(OnError, data.get("on_error") or "stop"),
        join="any" if data.get("join") == "any" else "all",
        retry=_read_retry(data.get("retry") or {}),
        connection=data.get("connection"),
        parent=_text(parent) if (parent := raw.get("parentId")) is not None else None,
        pinned=data.get("pinned", NOT_PINNED),
    )


def _read_retry(raw: dict[str, Any]) -> Retry:
    known = {name: value for name in Retry.__dataclass_fields__ if (value := raw.get(name)) is not None}
    return Retry(**known)


def _read_edge(raw: dict[str, Any], place: int) -> Edge:
    return Edge(
        id=_text(raw.get("id") or f"edge {place + 1}"),
        source=_text(raw["source"]),
        target=_text(raw["target"]),
        handle=raw.get("sourceHandle") or None,
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.40} is not text")
    return value
