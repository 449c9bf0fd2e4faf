"""Makes a workflow that shows a fault as small as it can be while it still shows it, and readable."""

import re
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

Definition = dict[str, Any]


async def shrink(definition: Definition, is_faulty: Callable[[Definition], Awaitable[bool]]) -> Definition:
    """Take things away one after another, as long as the rest is still faulty."""
    while True:
        for smaller in _smaller(definition):
            if await is_faulty(smaller):
                definition = smaller
                break
        else:
            return definition


def show(definition: Definition) -> str:
    """One line a node, and one for the edges."""
    lines = [
        f"{node['id']}{' in ' + parent if (parent := node.get('parentId')) else ''}: {node['data']['action']} "
        + " ".join(f"{name}={value!r}" for name, value in node["data"].items() if name not in ("label", "action"))
        for node in definition["nodes"]
    ]
    return "\n".join([*lines, " ".join(edge["id"] for edge in definition["edges"])])


def _smaller(definition: Definition) -> Iterator[Definition]:
    for node in definition["nodes"][1:]:
        yield _without_node(definition, node["id"])
    for edge in definition["edges"]:
        yield {**definition, "edges": [other for other in definition["edges"] if other is not edge]}
    for node in definition["nodes"]:
        for setting in set(node["data"]) - {"label", "action", "inputs"}:
            data = {name: value for name, value in node["data"].items() if name != setting}
            nodes = [{**node, "data": data} if other is node else other for other in definition["nodes"]]
            yield {**definition, "nodes": nodes}


def _without_node(definition: Definition, id_: str) -> Definition:
    """Leave out a node and what is in it; who read it reads a word."""
    gone = {id_}
    while more := {node["id"] for node in definition["nodes"] if node.get("parentId") in gone} - gone:
        gone |= more
    return {
        **definition,
        "nodes": [_without_names(node, gone) for node in definition["nodes"] if node["id"] not in gone],
        "edges": [edge for edge in definition["edges"] if not {edge["source"], edge["target"]} & gone],
    }


def _without_names(value: Any, gone: set[str]) -> Any:
    match value:
        case dict():
            return {key: _without_names(entry, gone) for key, entry in value.items()}
        case list():
            return [_without_names(entry, gone) for entry in value]
        case str() if any(re.search(rf"\b{id_}\b", value) for id_ in gone):
            return "{{ lead.word }}" if "{{" in value else "lead.yes"
    return value
