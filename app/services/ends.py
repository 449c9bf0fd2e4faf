"""The ends of nodes at which edges begin, where they depend on more than the action."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from engine.problems import handles_of
from engine.sdk import Step


class Ends(TypedDict):
    """`names` are the ends, None being the plain one; at those `gone` there still begin edges."""

    names: list[str | None]
    gone: list[str | None]


def find_ends(
    nodes: Sequence[Mapping[str, Any]], edges: Sequence[Mapping[str, Any]], steps: Mapping[str, Step]
) -> dict[str, Ends]:
    """The ends of each node that names them by its inputs, or that has edges at others, by id."""
    used: defaultdict[str, dict[str | None, None]] = defaultdict(dict)
    for edge in edges:
        used[edge["source"]][edge.get("sourceHandle") or None] = None
    found: dict[str, Ends] = {}
    for node in nodes:
        step = steps.get(str(node["data"].get("action")))
        names = handles_of(step, node["data"]) if step else (None,)
        gone = [name for name in used[node["id"]] if name not in names]
        if gone or (step and step.handles_of):
            found[node["id"]] = {"names": list(names), "gone": gone}
    return found
