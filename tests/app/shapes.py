"""Small workflows for the tests."""

from itertools import pairwise
from typing import Any

Json = dict[str, Any]


def node(id_: str, action: str, *, type_: str = "action", x: int = 0, **inputs: Any) -> Json:
    """A node as the canvas saves it."""
    data = {"label": id_.title(), "action": action, "inputs": inputs}
    return {"id": id_, "type": type_, "position": {"x": x, "y": 0}, "data": data}


def workflow(*nodes: Json, name: str = "Greeting", **fields: Any) -> Json:
    """A workflow of a manual trigger and these nodes, one after another."""
    chain = [node("start", "trigger/manual", type_="trigger"), *nodes]
    edges = [
        {"id": f"e{place}", "source": before["id"], "target": after["id"]}
        for place, (before, after) in enumerate(pairwise(chain), 1)
    ]
    return {"name": name, "description": "", "nodes": chain, "edges": edges, **fields}


GREETING = workflow(node("greet", "data/set-fields", x=280, fields={"text": "Hello"}))
