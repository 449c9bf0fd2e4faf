"""A definition while the editor's ops are applied to it: what each op does, and how it is undone."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine import names
from engine.bodies import find_crossing, find_inner, is_crossing, why_not_in
from engine.errors import ExpressionError
from engine.nested import set_in
from engine.sdk import Step
from engine.template import rename_in_inputs, strings_in

Json = dict[str, Any]
MAX_NODES = 2_000
MAX_EDGES = 10_000
MAX_NAME = 200
MAX_RENAMES = 100  # each looks through all expressions
MAX_REWRITTEN = 4_000  # nodes whose inputs are written anew, over all renames
MAX_DESCRIPTION = 10_000
NODE_TYPES = ("trigger", "action", "condition", "group")


class Rejected(Exception):
    """An op that can't be applied; the message says why."""


@dataclass
class _Change:
    """What one op did: the ops to replay and those that undo them."""

    done: list[Json] = field(default_factory=list)
    inverse: list[Json] = field(default_factory=list)


class Draft:
    """A definition while ops are applied to it: lists are copied, nodes and edges replaced, never changed."""

    def __init__(self, definition: Mapping[str, Any], steps: Mapping[str, Step]) -> None:
        self.definition = dict(definition)
        self.steps = steps
        self.nodes: list[Json] = list(definition.get("nodes") or [])
        self.edges: list[Json] = list(definition.get("edges") or [])
        self.given: dict[str, str] = {}  # the ids of added nodes, by those that they were asked for with
        self.renames = self.rewritten = 0
        self.done: list[Json] = []
        self.inverse: list[Json] = []

    def finished(self) -> Json:
        return {**self.definition, "nodes": self.nodes, "edges": self.edges}

    def apply(self, op: Json) -> None:
        change = self._change(self._with_given_ids(op))
        self.done += change.done
        self.inverse[:0] = change.inverse

    def _with_given_ids(self, op: Json) -> Json:
        """The op about the nodes that it means: one that was added just now may have got another id."""
        match op:
            case {"op": "add_node", "node": dict(node)}:
                return {**op, "node": self._translate(node, "parentId")}
            case {"op": "add_edge", "edge": dict(edge)}:
                return {**op, "edge": self._translate(edge, "source", "target")}
            case {"op": "remove_edge"}:
                return op
            case {"op": "set_parent", "nodes": list(nodes)}:
                nodes = [self._translate(node, "id") for node in nodes if isinstance(node, dict)]
                return self._translate({**op, "nodes": nodes}, "parent")
        return self._translate(op, "id")

    def _translate(self, item: Json, *fields: str) -> Json:
        ids = {field: item[field] for field in fields if isinstance(item.get(field), str)}
        return {**item, **{field: self.given.get(id_, id_) for field, id_ in ids.items()}}

    def _change(self, op: Json) -> _Change:  # noqa: C901, PLR0911 - one arm an op
        match op:
            case {"op": "add_node", "node": dict(node)}:
                return self._add_node(node, op.get("index"))
            case {"op": "remove_node", "id": str(id_)}:
                return self._remove_node(id_)
            case {"op": "move_node", "id": str(id_), "position": position}:
                return self._move_node(id_, position)
            case {"op": "set_parent", "nodes": list(nodes), "parent": str() | None as parent}:
                return self._set_parent(nodes, parent)
            case {"op": "set", "id": str(id_), "path": list(path)}:
                return self._set(id_, path, op)
            case {"op": "rename_node", "id": str(id_), "to": str(new)}:
                return self._rename_node(id_, new)
            case {"op": "set_label", "id": str(id_), "label": str(label)}:
                return self._set_label(id_, label)
            case {"op": "add_edge", "edge": dict(edge)}:
                return self._add_edge(edge, op.get("index"))
            case {"op": "remove_edge", "id": str(id_)}:
                return self._remove_edge(id_)
            case {"op": "set_workflow", "field": "name" | "description" as name, "value": str(value)}:
                return self._set_workflow(name, value)
        raise Rejected(f"There is no such operation: {str(op.get('op'))[:40]!r}, or a part of it is missing.")

    def _add_node(self, node: Json, index: Any) -> _Change:
        if len(self.nodes) >= MAX_NODES:
            raise Rejected(f"A workflow has at most {MAX_NODES:,} nodes.")
        if node.get("type") not in NODE_TYPES:
            raise Rejected(f"The type of a node is one of {', '.join(NODE_TYPES)}.")
        data = node.get("data", {})
        if not isinstance(data, dict):
            raise Rejected("The data of a node is an object.")
        taken = self._node_ids()
        position = _check_position(node.get("position", {"x": 0, "y": 0}))
        asked = id_ = node.get("id")
        if not isinstance(id_, str) or not id_ or id_ in taken:
            id_ = names.make_id(str(data.get("label") or data.get("action") or "node"), taken)
        if isinstance(asked, str):
            self.given[asked] = id_
        node = {**node, "id": id_, "position": position, "data": data}
        if (parent := node.get("parentId")) is not None and (
            reason := why_not_in([*self.nodes, node], [id_], str(parent))
        ):
            raise Rejected(reason)
        place = _insert(self.nodes, node, index)
        return _made({"op": "add_node", "node": node, "index": place}, {"op": "remove_node", "id": id_})

    def _remove_node(self, id_: str) -> _Change:
        """Remove a node, and with a loop what is in it."""
        self._find_node(id_)
        change = _Change()
        for inner in find_inner(self.nodes, id_):
            change = _then(change, self._remove_one(inner))
        return _then(change, self._remove_one(id_))

    def _remove_one(self, id_: str) -> _Change:
        place, node = self._find_node(id_)
        del self.nodes[place]
        gone = [(at, edge) for at, edge in enumerate(self.edges) if id_ in (edge.get("source"), edge.get("target"))]
        for at, _ in reversed(gone):
            del self.edges[at]
        back = [{"op": "add_node", "node": node, "index": place}]
        back += [{"op": "add_edge", "edge": edge, "index": at} for at, edge in gone]
        return _made({"op": "remove_node", "id": id_}, *back)

    def _move_node(self, id_: str, position: Any) -> _Change:
        place, node = self._find_node(id_)
        position = _check_position(position)
        self.nodes[place] = {**node, "position": position}
        old = node.get("position", {"x": 0, "y": 0})
        return _made(
            {"op": "move_node", "id": id_, "position": position}, {"op": "move_node", "id": id_, "position": old}
        )

    def _set_parent(self, moved: list[Json], parent: str | None) -> _Change:
        """Put nodes into a loop, or with None out of all; the edges that would cross its border go."""
        places = {str(node.get("id")): _check_position(node.get("position")) for node in moved}
        if parent is not None and (reason := why_not_in(self.nodes, places, parent)):
            raise Rejected(reason)
        found = {id_: self._find_node(id_) for id_ in places}
        old: dict[str | None, Json] = {}
        for id_, (place, node) in found.items():
            old.setdefault(node.get("parentId"), {})[id_] = node.get("position", {"x": 0, "y": 0})
            kept = {name: value for name, value in node.items() if name != "parentId"}
            self.nodes[place] = {**kept, "position": places[id_]} | ({"parentId": parent} if parent else {})
        cut = _Change()
        for place in reversed(find_crossing(self.nodes, self.edges, places)):
            cut = _then(cut, self._remove_edge(self.edges[place]["id"]))
        back = [_set_parent(positions, before) for before, positions in old.items()]
        return _then(cut, _Change([_set_parent(places, parent)], back))

    def _set(self, id_: str, path: list[Any], op: Json) -> _Change:
        place, node = self._find_node(id_)
        is_removal = op.get("remove") is True
        if not path or not ("value" in op or is_removal):
            raise Rejected("To set a value takes a path and a value.")
        data, undo = set_in(node.get("data") or {}, path, op.get("value"), is_removal)
        self.nodes[place] = {**node, "data": data}
        done = {"op": "set", "id": id_, "path": path, "value": op.get("value")}
        if is_removal:
            done = {"op": "set", "id": id_, "path": path, "remove": True}
        return _made(done, {"op": "set", "id": id_, **undo}) if undo else _Change()

    def _rename_node(self, old: str, new: str) -> _Change:
        place, _ = self._find_node(old)
        if old == new:
            return _Change()
        if new in self._node_ids():
            raise Rejected(f"Another node has the id {new!r} already.")
        if reason := names.why_not_an_id(new):
            raise Rejected(reason)
        if self.renames == MAX_RENAMES or self.rewritten >= MAX_REWRITTEN:
            raise Rejected("So many changes of names at once take too long: do the rest afterwards.")
        self.renames += 1
        users = list(self._users(old, new))
        self.rewritten += len(users)
        change = _made({"op": "rename_node", "id": old, "to": new}, {"op": "rename_node", "id": new, "to": old})
        for at, renamed, kept in users:
            user = self.nodes[at]
            self.nodes[at] = {**user, "data": {**user["data"], "inputs": {**user["data"]["inputs"], **renamed}}}
            id_ = new if at == place else user["id"]
            change.done += [_set_input(id_, name, value) for name, value in renamed.items()]
            change.inverse += [_set_input(user["id"], name, value) for name, value in kept.items()]
        self.nodes[place] = {**self.nodes[place], "id": new}
        self.nodes = [{**n, "parentId": new} if n.get("parentId") == old else n for n in self.nodes]
        self.edges = [_rename_ends(edge, old, new) for edge in self.edges]
        return change

    def _users(self, old: str, new: str) -> Iterator[tuple[int, Json, Json]]:
        """Yield the nodes that a new name touches: place, inputs with it, and inputs to put back when it is undone.

        An input that already uses the new name, of a node that is gone, stays, but the way back must not change it.
        """
        for at, node in enumerate(self.nodes):
            data = node.get("data") or {}
            if not isinstance(inputs := data.get("inputs"), dict) or not _mentions(inputs, old, new):
                continue
            step = self.steps.get(str(data.get("action")))
            try:
                renamed = rename_in_inputs(step, inputs, old, new)
                undone = rename_in_inputs(step, {**inputs, **renamed}, new, old)
            except ExpressionError as error:
                raise Rejected(f"{old!r} can't be called {new!r}: in {node.get('id')}, {error}.") from None
            touched = renamed.keys() | undone.keys()
            if touched:
                yield at, renamed, {name: inputs[name] for name in inputs if name in touched}

    def _set_label(self, id_: str, label: str) -> _Change:
        _, node = self._find_node(id_)
        if not label.strip() or len(label) > MAX_NAME:
            raise Rejected(f"A label has 1 to {MAX_NAME} characters.")
        old_label = (node.get("data") or {}).get("label")
        change = self._set(id_, ["label"], {"value": label})
        if not isinstance(old_label, str) or not names.is_derived(id_, old_label):
            return change
        taken = self._node_ids() - {id_}
        if names.is_derived(id_, label) or (new := names.make_id(label, taken)) == id_:
            return change
        try:
            renamed = self._rename_node(id_, new)
        except Rejected:
            return change  # the label is what was asked for; the id may stay
        return _Change(change.done + renamed.done, renamed.inverse + change.inverse)

    def _add_edge(self, edge: Json, index: Any) -> _Change:
        source, target = edge.get("source"), edge.get("target")
        ids = self._node_ids()
        for end in (source, target):
            if not isinstance(end, str) or end not in ids:
                raise Rejected(f"There is no node {end!r} any more.")
        if source == target:
            raise Rejected("A node can't lead to itself.")
        if is_crossing(self.nodes, str(source), str(target)):
            raise Rejected("An edge can't lead into or out of a loop: connect nodes of the same loop.")
        if len(self.edges) >= MAX_EDGES:
            raise Rejected(f"A workflow has at most {MAX_EDGES:,} edges.")
        if any(other.get("source") == source and _ends(other) == _ends(edge) for other in self.edges):
            raise Rejected("These two are connected already.")
        taken = {other.get("id") for other in self.edges}
        id_ = edge.get("id")
        if not isinstance(id_, str) or not id_ or id_ in taken:
            id_ = _edge_id(edge, taken)
        edge = {**edge, "id": id_}
        place = _insert(self.edges, edge, index)
        return _made({"op": "add_edge", "edge": edge, "index": place}, {"op": "remove_edge", "id": id_})

    def _remove_edge(self, id_: str) -> _Change:
        for place, edge in enumerate(self.edges):
            if edge.get("id") == id_:
                del self.edges[place]
                return _made({"op": "remove_edge", "id": id_}, {"op": "add_edge", "edge": edge, "index": place})
        raise Rejected(f"There is no edge {id_!r} any more.")

    def _set_workflow(self, name: str, value: str) -> _Change:
        if name == "name" and not (value.strip() and len(value) <= MAX_NAME):
            raise Rejected(f"The name has 1 to {MAX_NAME} characters.")
        if len(value) > MAX_DESCRIPTION:
            raise Rejected(f"The description has at most {MAX_DESCRIPTION:,} characters.")
        old = self.definition.get(name, "")
        if value == old:
            return _Change()
        self.definition[name] = value
        op = {"op": "set_workflow", "field": name}
        return _made({**op, "value": value}, {**op, "value": old})

    def _node_ids(self) -> set[str]:
        return {str(node.get("id")) for node in self.nodes}

    def _find_node(self, id_: str) -> tuple[int, Json]:
        for place, node in enumerate(self.nodes):
            if node.get("id") == id_:
                return place, node
        raise Rejected(f"There is no node {id_!r} any more.")


def _made(done: Json, *inverse: Json) -> _Change:
    return _Change([done], list(inverse))


def _then(first: _Change, second: _Change) -> _Change:
    return _Change(first.done + second.done, second.inverse + first.inverse)


def _set_parent(positions: Json, parent: str | None) -> Json:
    nodes = [{"id": id_, "position": position} for id_, position in positions.items()]
    return {"op": "set_parent", "nodes": nodes, "parent": parent}


def _insert(items: list[Json], item: Json, index: Any) -> int:
    place = index if isinstance(index, int) and 0 <= index <= len(items) else len(items)
    items.insert(place, item)
    return place


def _check_position(position: Any) -> Json:
    match position:
        case {"x": int() | float() as x, "y": int() | float() as y} if math.isfinite(x) and math.isfinite(y):
            return {"x": x, "y": y}
    raise Rejected("A position is an object with two numbers, x and y.")


def _mentions(inputs: Json, *ids: str) -> bool:
    return any(id_ in text for text in strings_in(inputs) for id_ in ids)


def _set_input(id_: str, name: str, value: Any) -> Json:
    return {"op": "set", "id": id_, "path": ["inputs", name], "value": value}


def _rename_ends(edge: Json, old: str, new: str) -> Json:
    ends = {end: new for end in ("source", "target") if edge.get(end) == old}
    return {**edge, **ends} if ends else edge


def _ends(edge: Json) -> tuple[Any, ...]:
    return (edge.get("source"), edge.get("sourceHandle") or None, edge.get("target"), edge.get("targetHandle") or None)


def _edge_id(edge: Json, taken: set[Any]) -> str:
    """Two browsers that draw the same edge give it the same id."""
    base = "-".join(str(part) for part in (edge["source"], edge.get("sourceHandle"), edge["target"]) if part)
    number, id_ = 1, base
    while id_ in taken:
        number += 1
        id_ = f"{base}-{number}"
    return id_
