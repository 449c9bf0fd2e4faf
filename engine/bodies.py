"""Who is in which loop while a draft is edited: what may go in, and what goes with what."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from engine.group_problems import find_ancestors, parents_of

Json = Mapping[str, Any]


def why_not_in(nodes: Sequence[Json], moved: Collection[str], parent: str) -> str | None:
    """Say why nodes can't go into a loop, or None."""
    types = {node.get("id"): node.get("type") for node in nodes}
    if parent not in types:
        return f"There is no node {parent!r} any more."
    if types[parent] != "group":
        return f"{parent!r} is no loop, so nothing can be in it."
    if any(types.get(id_) == "trigger" for id_ in moved):
        return "A trigger can't be in a loop: it starts the workflow."
    if not {parent, *find_ancestors(parent, parents_of(nodes))}.isdisjoint(moved):
        return "A loop can't be in itself."
    return None


def is_crossing(nodes: Sequence[Json], source: str, target: str) -> bool:
    """Tell whether an edge would lead into or out of a loop."""
    parents = {node.get("id"): node.get("parentId") for node in nodes}
    return parents.get(source) != parents.get(target)


def find_crossing(nodes: Sequence[Json], edges: Sequence[Json], moved: Collection[str]) -> list[int]:
    """The places of those edges of nodes that lead into or out of a loop."""
    parents = {node.get("id"): node.get("parentId") for node in nodes}
    ends = [(edge.get("source"), edge.get("target")) for edge in edges]
    return [
        place
        for place, (source, target) in enumerate(ends)
        if (source in moved or target in moved) and parents.get(source) != parents.get(target)
    ]


def find_inner(nodes: Sequence[Json], group: str) -> list[str]:
    """All nodes in a loop, those in the loops in it first."""
    parents = parents_of(nodes)
    depths = {id_: len(around) for id_ in parents if group in (around := find_ancestors(id_, parents)) and id_ != group}
    return sorted(depths, key=lambda id_: -depths[id_])
