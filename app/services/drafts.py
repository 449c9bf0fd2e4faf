"""What counts as a workflow at all; a draft may have problems, but it has the shape of `WORKFLOW.md`."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.errors import InvalidWorkflow
from app.models import Workflow
from app.models import definition_of as definition_of
from app.services.values import check_json, check_text, is_storable
from engine.draft import MAX_EDGES, MAX_NODES
from engine.json_values import size_of
from engine.ops import MAX_SIZE, TOO_LARGE

KEPT = {"name", "description", "nodes", "edges", "tags"}
# What the interface adds to a workflow: a client may send it back and means nothing by it.
ADDED = {
    "id", "rev", "active", "active_version", "problems", "webhook_url", "next_runs", "created_at", "updated_at",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A definition in the columns that it is kept in; `extra` holds the fields that we don't know."""

    name: str
    description: str
    nodes: list[dict[str, Any]]
    edges: list[dict[str, Any]]
    tags: list[str]
    extra: dict[str, Any]


def read_draft(definition: Any) -> Draft:
    """Read a definition from outside; raise InvalidWorkflow that names the place where it isn't one."""
    check_json(definition)
    if not isinstance(definition, dict):
        raise _wrong("A workflow is an object with name, nodes and edges.", field=None)
    if size_of(definition) > MAX_SIZE:
        raise _wrong(TOO_LARGE, field=None)
    name = definition.get("name")
    if not isinstance(name, str):
        raise _wrong("Name is required.", field="name")
    return Draft(
        name=check_text(name, "name", label="Name", max_length=200),
        description=_read_description(definition.get("description") or ""),
        nodes=[_read_node(node, place) for place, node in enumerate(_read_list(definition, "nodes", MAX_NODES))],
        edges=[_read_edge(edge, place) for place, edge in enumerate(_read_list(definition, "edges", MAX_EDGES))],
        tags=_read_tags(definition.get("tags") or []),
        extra={key: value for key, value in definition.items() if key not in KEPT | ADDED},
    )


def write_draft(workflow: Workflow, draft: Draft) -> None:
    """Put a draft into its row."""
    workflow.name, workflow.description = draft.name, draft.description
    workflow.nodes, workflow.edges = draft.nodes, draft.edges
    workflow.tags, workflow.extra = draft.tags, draft.extra


def blank_definition() -> dict[str, Any]:
    """A new workflow: it starts by hand and does nothing yet."""
    data = {"label": "Start", "action": "trigger/manual", "inputs": {}}
    trigger = {"id": "start", "type": "trigger", "position": {"x": 0, "y": 0}, "data": data}
    return {"name": "Untitled workflow", "description": "", "nodes": [trigger], "edges": []}


def _read_description(value: Any) -> str:
    if not isinstance(value, str) or len(value) > 10_000:
        raise _wrong("The description is a text of at most 10,000 characters.", field="description")
    return value


def _read_list(definition: Mapping[str, Any], field: str, limit: int) -> list[Any]:
    value = definition.get(field)
    if not isinstance(value, list):
        raise _wrong(f"A workflow needs a list of {field}.", field=field)
    if len(value) > limit:
        raise _wrong(f"A workflow has at most {limit:,} {field}. Split it into several.", field=field)
    return value


def _read_node(node: Any, place: int) -> dict[str, Any]:
    where = f"nodes[{place}]"
    if not isinstance(node, dict):
        raise _wrong("A node is an object.", field=where)
    _check_strings(node, where, required=("id",), optional=("type", "parentId"))
    position = node.get("position", {"x": place * 280, "y": 0})
    if not isinstance(position, dict) or not all(_is_coordinate(position.get(axis)) for axis in "xy"):
        raise _wrong("A node's position is an object with the numbers x and y.", field=f"{where}.position")
    if not isinstance(node.get("data", {}), dict):
        raise _wrong("A node's data is an object.", field=f"{where}.data")
    return {"data": {}, **node, "position": position}


def _read_edge(edge: Any, place: int) -> dict[str, Any]:
    where = f"edges[{place}]"
    if not isinstance(edge, dict):
        raise _wrong("An edge is an object.", field=where)
    _check_strings(edge, where, required=("source", "target"), optional=("id", "sourceHandle", "targetHandle"))
    made = "-".join(filter(None, (edge["source"], edge.get("sourceHandle"), edge["target"])))
    return {**edge, "id": edge.get("id") or made}


def _check_strings(item: dict[str, Any], where: str, *, required: tuple[str, ...], optional: tuple[str, ...]) -> None:
    for key in (*required, *optional):
        value = item.get(key)
        is_missing = value is None if key in optional else False
        if not is_missing and not (isinstance(value, str) and 0 < len(value) <= 200):
            raise _wrong(f"{key} is a text of 1 to 200 characters.", field=f"{where}.{key}")


def _is_coordinate(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and abs(value) < 1e7


def _read_tags(tags: Any) -> list[str]:
    if not isinstance(tags, list) or len(tags) > 50 or not all(_is_tag(tag) for tag in tags):
        raise _wrong("Tags are a list of at most 50 texts of 1 to 50 characters, without quotes.", field="tags")
    return list(dict.fromkeys(tags))


def _is_tag(tag: Any) -> bool:
    return isinstance(tag, str) and 0 < len(tag) <= 50 and is_storable(tag) and not set(tag) & set('"\\')


def _wrong(message: str, *, field: str | None) -> InvalidWorkflow:
    place = f" ({field})" if field and "[" in field else ""
    return InvalidWorkflow(message.rstrip(".") + place + ".", [{"node": None, "field": field, "message": message}])
