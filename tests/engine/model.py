"""WORKFLOW.md as a small, slow interpreter: it runs one node after another, and each group by recursion.

It knows neither time nor side by side. Where something ends the execution or fails a group, it goes on with all that
doesn't depend on that: these nodes run beside the end and *may* come to their own, but needn't (`Cut`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from tests.engine.model_steps import ANYTHING, STEPS, Failure, Names, Stop, check, resolve

Iteration = tuple[int, ...]
Key = tuple[str, Iteration]
Node = dict[str, Any]
Causes = dict[Key, Failure | Stop]


class Ambiguous(Exception):
    """In one group things fail or end with different consequences: the text allows either, and all that follows."""


@dataclass(frozen=True, kw_only=True)
class Fate:
    """What becomes of a node in an iteration; with `is_end` no edge out of it is ever decided."""

    status: str
    output: Any = None
    handles: tuple[str, ...] | None = None
    attempts: int = 1
    is_end: bool = False


@dataclass(frozen=True)
class Cut:
    """The body of a group (None: the workflow), in all iterations that begin so, ends early by one of `causes`."""

    group: str | None
    iteration: Iteration
    causes: tuple[Key, ...]


@dataclass
class Body:
    """What came of a body in one iteration: its result, unless there are causes that it has none."""

    outputs: dict[str, Any] = field(default_factory=dict)
    causes: Causes = field(default_factory=dict)
    result: Any = None


class Model:
    """`fates` tells what becomes of each node that may run; `causes` what may end the execution early.

    Without such causes all that has a fate comes to it, and the execution gives `result`.
    """

    def __init__(self, definition: dict[str, Any], input: Any) -> None:
        reached = _reached(definition["nodes"], definition["edges"])
        self.nodes: dict[str, Node] = {node["id"]: node for node in definition["nodes"] if node["id"] in reached}
        self.edges = [edge for edge in definition["edges"] if edge["source"] in reached]
        self.fates: dict[Key, Fate] = {}
        self.cuts: list[Cut] = []
        body = self._run_body(None, (), {"trigger": input})
        self.causes, self.result = body.causes, body.result

    def _run_body(self, group: str | None, iteration: Iteration, names: Names) -> Body:
        body = Body()
        for node in self.in_order(group):
            key = (node["id"], iteration)
            match self._turn(node, iteration):
                case "runs":
                    self.fates[key] = self._run(node, iteration, {**names, **body.outputs}, body.causes)
                case "skipped":
                    self.fates[key] = Fate(status="skipped")
                case "never":
                    continue
            body.outputs[node["id"]] = self.fates[key].output
        if body.causes:
            self.cuts.append(Cut(group, iteration, tuple(body.causes)))
        body.result = self._result(group, iteration)
        return body

    def in_order(self, group: str | None) -> Iterator[Node]:
        """The nodes of a body, each after those that lead to it."""
        left = {id_ for id_, node in self.nodes.items() if node.get("parentId") == group}
        while left:
            next_ = min(id_ for id_ in left if not any(edge["source"] in left for edge in self.into(id_)))
            left.remove(next_)
            yield self.nodes[next_]

    def into(self, id_: str) -> list[dict[str, Any]]:
        return [edge for edge in self.edges if edge["target"] == id_]

    def _turn(self, node: Node, iteration: Iteration) -> str:
        """Whether a node runs, is skipped, or is never decided."""
        edges = self.into(node["id"])
        if not edges:
            return "runs"
        taken = [self.is_taken(edge, iteration) for edge in edges]
        if node["data"].get("join") == "any" and True in taken:
            return "runs"
        if None in taken:
            return "never"
        return "runs" if True in taken else "skipped"

    def is_taken(self, edge: dict[str, Any], iteration: Iteration) -> bool | None:
        """Whether an edge is taken; None if that is never decided."""
        fate = self.fates.get((edge["source"], iteration))
        if fate is None or fate.is_end:
            return None
        handle = edge.get("sourceHandle")
        return fate.status != "skipped" and (handle in fate.handles if fate.handles else handle is None)

    def _run(self, node: Node, iteration: Iteration, names: Names, causes: Causes) -> Fate:
        """Try it as often as it may be tried; note whether it is a cause that its body ends."""
        data, key = node["data"], (node["id"], iteration)
        if data.get("enabled") is False:
            return Fate(status="succeeded", handles=self._ends_with_edges(node["id"]))
        for attempt in count(1):
            try:
                return self._try(node, iteration, {**names, "execution": {"attempt": attempt}}, causes)
            except Failure as failure:
                if failure.is_retryable and attempt < data.get("retry", {}).get("max_attempts", 1):
                    continue
                return self._fail(key, failure, attempt, causes)
        raise AssertionError

    def _ends_with_edges(self, id_: str) -> tuple[str, ...] | None:
        """Where a disabled node goes on: everywhere but at its error, for it has none."""
        ends = {edge.get("sourceHandle") for edge in self.edges if edge["source"] == id_}
        return tuple(sorted(end for end in ends if end and end != "error")) or None

    def _try(self, node: Node, iteration: Iteration, names: Names, causes: Causes) -> Fate:
        data, attempt = node["data"], names["execution"]["attempt"]
        match data["action"]:
            case "logic/for-each":
                return self._run_group(node, iteration, self._for_each(node, iteration, names), causes)
            case "logic/repeat":
                return self._run_group(node, iteration, self._repeat(node, iteration, names), causes)
        done = STEPS[data["action"]](data["inputs"], names)
        if isinstance(done, Stop):
            causes[node["id"], iteration] = done
            return Fate(status="succeeded", output=ANYTHING, is_end=True)
        return Fate(status="succeeded", output=done.output, handles=done.handles, attempts=attempt)

    def _fail(self, key: Key, failure: Failure, attempts: int, causes: Causes) -> Fate:
        failure.nodes.add(key[0])
        error = {"type": failure.type, "message": failure.message}
        match self.nodes[key[0]]["data"].get("on_error"):
            case "continue":
                return Fate(status="failed", output={"error": error}, attempts=attempts)
            case "branch":
                return Fate(status="failed", output={"error": error}, handles=("error",), attempts=attempts)
        causes[key] = failure
        return Fate(status="failed", attempts=attempts, is_end=True)

    def _run_group(self, node: Node, iteration: Iteration, bodies: Iterator[Body], causes: Causes) -> Fate:
        """Run its iterations; it fails as one of them does, and never ends when one ends the execution."""
        done = list(bodies)
        found: Causes = {key: cause for body in done for key, cause in body.causes.items()}
        if not found:
            results = [body.result for body in done]
            output = results if node["data"]["action"] == "logic/for-each" else results[-1]
            return Fate(status="succeeded", output=output)
        self.cuts.append(Cut(node["id"], iteration, tuple(found)))
        failures = [cause for cause in found.values() if isinstance(cause, Failure)]
        if not failures:
            causes.update(found)
            return Fate(status="running", is_end=True)
        if len(failures) < len(found) or len({failure.is_retryable for failure in failures}) > 1:
            raise Ambiguous(node["id"])
        raise Failure(
            failures[0].type if len({failure.type for failure in failures}) == 1 else ANYTHING,
            is_retryable=failures[0].is_retryable,
            nodes={id_ for failure in failures for id_ in failure.nodes},
        )

    def _for_each(self, node: Node, iteration: Iteration, names: Names) -> Iterator[Body]:
        inputs = node["data"]["inputs"]
        if not isinstance(items := resolve(inputs["items"], names), list):
            raise Failure
        for index, item in enumerate(items):
            body = self._run_body(node["id"], (*iteration, index), {**names, "item": item, "index": index})
            yield body
            if body.causes and inputs.get("concurrency", 1) == 1:
                return

    def _repeat(self, node: Node, iteration: Iteration, names: Names) -> Iterator[Body]:
        inputs = node["data"]["inputs"]
        for index in range(inputs["max_iterations"]):
            body = self._run_body(node["id"], (*iteration, index), {**names, "index": index})
            yield body
            if body.causes or check(inputs["until"], {**names, **body.outputs, "index": index}):
                return

    def _result(self, group: str | None, iteration: Iteration) -> Any:
        """The output of the last node if exactly one ended the body, else those of all that did."""
        last = {}
        for node in self.in_order(group):
            fate = self.fates.get((node["id"], iteration))
            onward = [edge for edge in self.edges if edge["source"] == node["id"] and self.is_taken(edge, iteration)]
            if fate and fate.status != "skipped" and not onward:
                last[node["id"]] = fate.output
        return next(iter(last.values())) if len(last) == 1 else last


def _reached(nodes: list[Node], edges: list[dict[str, Any]]) -> set[str]:
    """What the trigger leads to; all else is a draft on the canvas, and so are its edges."""
    reached = {node["id"] for node in nodes if node["type"] == "trigger"}
    begin = [(node["parentId"], node["id"]) for node in nodes if "parentId" in node]
    begin = [(group, id_) for group, id_ in begin if all(edge["target"] != id_ for edge in edges)]
    pairs = [(edge["source"], edge["target"]) for edge in edges] + begin
    while more := {target for source, target in pairs if source in reached} - reached:
        reached |= more
    return reached
