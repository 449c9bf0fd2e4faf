"""What is wrong with groups: who is in which, and edges across their borders."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine.topology import Pair


def parents_of(nodes: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The group of each node that is in one, as far as it is there."""
    ids = {node["id"] for node in nodes}
    found = ((node["id"], node.get("parentId")) for node in nodes)
    return {id_: parent for id_, parent in found if isinstance(parent, str) and parent in ids}


def find_ancestors(id_: str, parents: Mapping[str, str]) -> list[str]:
    """The groups around a node, from the inside out; one that is in itself ends the list."""
    found: list[str] = []
    while (id_ := parents.get(id_, "")) and id_ not in found:
        found.append(id_)
    return found


def find_group_problems(
    nodes: Sequence[Mapping[str, Any]], pairs: Sequence[Pair]
) -> Iterator[tuple[str, str | None, str]]:
    """Yield (node, field, message)."""
    types = {node["id"]: node.get("type") for node in nodes}
    parents = parents_of(nodes)
    yield from _check_members(types, parents)
    for id_, type_ in types.items():
        if type_ == "group" and id_ not in parents.values():
            yield id_, None, "This loop is empty: put the nodes in it that it repeats."
    for source, target in pairs:
        if parents.get(source) != parents.get(target):
            yield (
                source,
                None,
                f"The edge to {target!r} crosses the border of a loop: connect nodes of the same loop only.",
            )


def _check_members(types: Mapping[str, Any], parents: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    for id_, parent in parents.items():
        if types[parent] != "group":
            yield id_, "parentId", f"{parent!r} is not a loop, so nothing can be in it."
        if types[id_] == "trigger":
            yield id_, "parentId", "A trigger can't be in a loop: move it out."
        if id_ in find_ancestors(id_, parents):
            yield id_, "parentId", "This loop is in itself: move it out."
