"""Where edges may begin: as a node's inputs say, and at ends that are gone as long as an edge begins there."""

from typing import Any

from app.services.ends import find_ends
from engine.sdk import steps_by_action
from plugins import load_plugins
from tests.app.shapes import node

STEPS = steps_by_action(load_plugins())
CASES = [{"name": "small", "when": "value < 8"}, {"name": "large", "when": "value >= 8"}]


def ends_at(source: str, *handles: str | None) -> list[dict[str, Any]]:
    return [{"id": str(handle), "source": source, "target": "next", "sourceHandle": handle} for handle in handles]


def test_a_switch_has_an_end_for_each_case() -> None:
    found = find_ends([node("kind", "logic/switch", cases=CASES)], [], STEPS)

    assert found == {"kind": {"names": ["small", "large", "default"], "gone": []}}


def test_an_edge_of_a_case_that_was_removed_is_still_to_be_seen() -> None:
    found = find_ends([node("kind", "logic/switch", cases=CASES[:1])], ends_at("kind", "large", "small"), STEPS)

    assert found == {"kind": {"names": ["small", "default"], "gone": ["large"]}}


def test_so_is_one_for_errors_that_a_node_no_longer_gives() -> None:
    found = find_ends([node("ask", "http/request"), node("fine", "http/request")], ends_at("ask", "error", None), STEPS)

    assert found == {"ask": {"names": [None], "gone": ["error"]}}


def test_a_draft_may_hold_anything() -> None:
    nodes = [
        node("odd", "logic/switch", cases="{{ x }}"),
        {"id": "bare", "data": {"action": []}},
        node("new", "no/such"),
    ]

    assert find_ends(nodes, [], STEPS) == {"odd": {"names": ["default"], "gone": []}}
