"""What keeps a workflow from running: all of it, each with its node and field, in words for the person who draws it.

A node that nothing leads to is no problem: it is a draft on the canvas and simply never runs.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from engine import names, topology
from engine.field_problems import find_input_problems
from engine.group_problems import find_ancestors, find_group_problems, parents_of
from engine.json_values import NotJson, to_json
from engine.sdk import Step
from engine.setting_problems import find_setting_problems
from engine.syntax import BUILTINS, Parsed
from engine.template import parsed_sources
from engine.workflow_problems import find_workflow_problems

MAX_PROBLEMS = 1_000
MAX_SUGGESTIONS = 20  # to look for similar names takes long


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend; `node` and `field` say where, None where it is the workflow's own."""

    node: str | None
    field: str | None
    message: str


def find_problems(definition: Any, steps: Mapping[str, Step]) -> list[Problem]:
    """List the problems of any JSON that should be a definition, the first thousand of them; never raises."""
    problems = _find_all(definition, steps)
    if (more := len(problems) - MAX_PROBLEMS) > 0:
        problems[MAX_PROBLEMS:] = [Problem(None, None, f"There are {more:,} more problems.")]
    return problems


def _find_all(definition: Any, steps: Mapping[str, Step]) -> list[Problem]:
    nodes, edges, problems = _read_lists(definition)
    if not problems or nodes:
        nodes, shape = _check_shapes(nodes)
        problems += [*shape, *_check_ids(nodes), *_check_triggers(nodes)]
        problems += _check_edges(nodes, edges, steps)
        pairs = _known_pairs(nodes, edges)
        problems += _check_cycles(nodes, pairs)
        problems += (Problem(*found) for found in find_group_problems(nodes, pairs))
        scopes = _Scopes(nodes, pairs)
        for node in nodes:
            problems += _check_node(node, steps, scopes)
    if isinstance(definition, dict):
        problems += (Problem(None, *found) for found in find_workflow_problems(definition))
    return problems


def _read_lists(definition: Any) -> tuple[list[Any], list[Any], list[Problem]]:
    if not isinstance(definition, dict):
        return [], [], [Problem(None, None, "A workflow is an object with nodes and edges.")]
    problems = [
        Problem(None, name, f"A workflow needs a list of {name}.")
        for name in ("nodes", "edges")
        if not isinstance(definition.get(name), list)
    ]
    lists = [value if isinstance(value := definition.get(name), list) else [] for name in ("nodes", "edges")]
    return lists[0], lists[1], problems


def _check_shapes(nodes: list[Any]) -> tuple[list[dict[str, Any]], list[Problem]]:
    good, problems = [], []
    for place, node in enumerate(nodes, 1):
        match node:
            case {"id": str(id_), "data": dict(data)} if id_:
                try:
                    to_json(data)
                    good.append(node)
                except NotJson as error:
                    problems.append(Problem(id_, None, f"What this node holds {error}."))
            case {"id": str(id_)} if id_:
                problems.append(Problem(id_, None, "This node has no data: give it an action."))
            case dict():
                problems.append(Problem(None, None, f"Node {place} has no id."))
            case _:
                problems.append(Problem(None, None, f"Node {place} is not an object."))
    return good, problems


def _check_ids(nodes: list[dict[str, Any]]) -> Iterator[Problem]:
    for id_, count in Counter(node["id"] for node in nodes).items():
        if count > 1:
            yield Problem(id_, "id", f"{count} nodes have the id {id_!r}: rename all but one.")
        if reason := names.why_not_an_id(id_):
            yield Problem(id_, "id", reason)


def _check_triggers(nodes: list[dict[str, Any]]) -> Iterator[Problem]:
    triggers = [node["id"] for node in nodes if node.get("type") == "trigger"]
    if not triggers:
        yield Problem(None, None, "The workflow has no trigger: add one, so that it can start.")
    for id_ in triggers[1:]:
        yield Problem(id_, None, "A workflow has one trigger, and this is another: remove one of them.")


def _check_edges(nodes: list[dict[str, Any]], edges: list[Any], steps: Mapping[str, Step]) -> Iterator[Problem]:
    by_id = {node["id"]: node for node in nodes}
    for place, edge in enumerate(edges, 1):
        match edge:
            case {"source": str(source), "target": str(target)}:
                yield from _check_edge(edge, by_id.get(source), by_id.get(target), steps)
            case _:
                yield Problem(None, None, f"Edge {place} needs a source and a target.")


def _check_edge(
    edge: dict[str, Any], source: dict[str, Any] | None, target: dict[str, Any] | None, steps: Mapping[str, Step]
) -> Iterator[Problem]:
    if source is None or target is None:
        known = source or target
        lost = edge["source"] if source is None else edge["target"]
        yield Problem(
            known["id"] if known else None, None, f"An edge leads to {lost!r}, which doesn't exist: remove it."
        )
    if target and target.get("type") == "trigger":
        yield Problem(target["id"], None, "Nothing can lead to a trigger: remove the edge into it.")
    if source and (step := steps.get(str(source["data"].get("action")))):
        handle, known_handles = edge.get("sourceHandle") or None, handles_of(step, source["data"])
        if handle not in known_handles:
            ends = ", ".join(end or "the plain one" for end in known_handles)
            name = f"named {handle!r}" if handle else "without a name"
            yield Problem(source["id"], None, f"An edge begins at an end {name}; this node has {ends}.")


def handles_of(step: Step, data: Mapping[str, Any]) -> tuple[str | None, ...]:
    """The ends at which a node's edges may begin; None is the plain one."""
    inputs = data.get("inputs")
    ends = step.handles_of(inputs if isinstance(inputs, dict) else {}) if step.handles_of else step.handles or (None,)
    return (*ends, "error") if data.get("on_error") == "branch" else ends


def _known_pairs(nodes: list[dict[str, Any]], edges: list[Any]) -> list[topology.Pair]:
    ids = {node["id"] for node in nodes}
    ends = [(edge.get("source"), edge.get("target")) for edge in edges if isinstance(edge, dict)]
    return [
        (source, target)
        for source, target in ends
        if isinstance(source, str) and isinstance(target, str) and {source, target} <= ids
    ]


def _check_cycles(nodes: list[dict[str, Any]], pairs: list[topology.Pair]) -> Iterator[Problem]:
    labels = {node["id"]: str(node["data"].get("label") or node["id"]) for node in nodes}
    _, left = topology.sort(labels, pairs)
    for cycle in topology.find_cycles(left, pairs):
        way = " → ".join(labels[id_] for id_ in [*cycle, cycle[0]])
        yield Problem(cycle[0], None, f"These nodes form a circle: {way}. Remove one of its edges.")


class _Scopes:
    """The names that each node's expressions see."""

    def __init__(self, nodes: list[dict[str, Any]], pairs: list[topology.Pair]) -> None:
        self.ids = {node["id"] for node in nodes}
        self.parents = parents_of(nodes)
        pairs = [*pairs, *((parent, id_) for id_, parent in self.parents.items())]  # a group comes before its body
        self.order, _ = topology.sort(self.ids, pairs)
        ordered = set(self.order)
        before = topology.neighbours(ordered, [(t, s) for s, t in pairs if {s, t} <= ordered])
        self.bits = {id_: 1 << place for place, id_ in enumerate(self.order)}
        self.before = topology.upstream(self.order, before)
        self.suggestions = 0

    def sees(self, id_: str, name: str) -> bool:
        if name in names.ALWAYS_THERE or id_ not in self.before:  # in a circle everything comes before everything
            return name in names.ALWAYS_THERE or name in self.ids
        comes_before = bool(self.before[id_] & self.bits.get(name, 0))
        return comes_before and name not in find_ancestors(id_, self.parents)

    def is_in(self, id_: str, group: str) -> bool:
        return self.parents.get(id_) == group

    def names(self, id_: str) -> list[str]:
        known = self.order if id_ in self.before else sorted(self.ids - {id_})
        return [name for name in known if self.sees(id_, name)]


def _check_node(node: dict[str, Any], steps: Mapping[str, Step], scopes: _Scopes) -> Iterator[Problem]:
    id_, data = node["id"], node["data"]
    for setting, message in find_setting_problems(node, scopes.ids):
        yield Problem(id_, setting, message)
    if (step := _find_step(data.get("action"), steps)) is None:
        yield Problem(id_, "action", _unknown_action(data.get("action"), steps, scopes))
    elif node.get("type") != step.node_type:
        yield Problem(id_, "type", f"{step.label} is of type {step.node_type}, not {node.get('type')}.")
    if not isinstance(inputs := data.get("inputs") or {}, dict):
        yield Problem(id_, "inputs", "The inputs of a node are an object.")
    elif data.get("enabled") is not False:  # a disabled node is passed over, whatever it holds
        if step is not None:
            yield from _check_form(node, step, inputs)
        yield from _check_expressions(node, step, inputs, scopes)


def _check_form(node: dict[str, Any], step: Step, inputs: dict[str, Any]) -> Iterator[Problem]:
    if any(field.required for field in step.credentials) and not node["data"].get("connection"):
        yield Problem(node["id"], "connection", f"{step.label} needs a connection: choose one.")
    for field, message in find_input_problems(step, inputs):
        yield Problem(node["id"], field, message)


def _find_step(action: Any, steps: Mapping[str, Step]) -> Step | None:
    return steps.get(action) if isinstance(action, str) else None


def _unknown_action(action: Any, steps: Mapping[str, Step], scopes: _Scopes) -> str:
    if not action or not isinstance(action, str):
        return "This node has no action: choose one."
    if scopes.suggestions == MAX_SUGGESTIONS:
        return f"There is no action {action[:80]!r}."
    scopes.suggestions += 1
    return f"There is no action {action[:80]!r}.{_did_you_mean(action[:80], steps)}"


def _check_expressions(
    node: dict[str, Any], step: Step | None, inputs: dict[str, Any], scopes: _Scopes
) -> Iterator[Problem]:
    sees = {field.name: field.sees for field in step.fields} if step else {}
    in_loop = ("item", "index") if node.get("parentId") else ()
    after_body = {"until"} if step and step.node_type == "group" else ()
    for field, found in parsed_sources(step, inputs):
        if not isinstance(found, Parsed):
            yield Problem(node["id"], field, found.message)
            continue
        own = {*sees.get(field, ()), *in_loop, *found.bound}
        for name in dict.fromkeys(reference.name for reference in found.references):
            is_seen = scopes.sees(node["id"], name) or (field in after_body and scopes.is_in(name, node["id"]))
            if name not in own and name not in BUILTINS and not is_seen:
                yield Problem(node["id"], field, _unknown_name(name, scopes, node["id"]))


def _unknown_name(name: str, scopes: _Scopes, id_: str) -> str:
    if name == id_:
        return f"{name!r} is this node itself: it can't use its own output."
    if name in scopes.ids:
        return f"The node {name!r} doesn't come before this one: connect it, or use another."
    if scopes.suggestions == MAX_SUGGESTIONS:
        return f"No node named {name!r} comes before this one."
    scopes.suggestions += 1
    known = scopes.names(id_)
    there = f" Before it: {', '.join(known[-10:])}." if known else ""
    return f"No node named {name!r} comes before this one.{_did_you_mean(name, known) or there}"


def _did_you_mean(name: str, known: Any) -> str:
    close = get_close_matches(name, list(known), n=1)
    return f" Did you mean {close[0]!r}?" if close else ""
