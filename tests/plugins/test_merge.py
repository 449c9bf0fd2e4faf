"""Two lists made one."""

from typing import Any

import pytest

from tests.plugins.conftest import Bench

ORDERS = [{"id": 1, "user": "a"}, {"id": 2, "user": "b"}, {"id": 3, "user": "a"}, {"id": 4, "user": None}]
USERS = [{"user": "a", "id": 10, "name": "Ada"}, {"user": "c", "name": "Cy"}, {"user": None}]
NAMES: dict[str, Any] = {"orders": ORDERS, "users": USERS}
BOTH = {"left": "{{ orders }}", "right": "{{ users }}"}


async def test_append_puts_one_list_after_the_other_whatever_they_hold(bench: Bench) -> None:
    assert await bench.output("logic/merge", {"left": [1, {"a": 2}], "right": ["x"]}) == [1, {"a": 2}, "x"]


@pytest.mark.parametrize(
    ("join", "merged"),
    [
        ("inner", [{"a": 1, "b": 3, "c": 4}]),
        ("left", [{"a": 1, "b": 3, "c": 4}, {"a": 2}]),
        ("outer", [{"a": 1, "b": 3, "c": 4}, {"a": 2}]),
    ],
)
async def test_by_position_the_fields_of_the_right_one_win(bench: Bench, join: str, merged: Any) -> None:
    left, right = [{"a": 1, "b": 2}, {"a": 2}], [{"b": 3, "c": 4}]

    inputs = {"mode": "by_position", "join": join, "left": left, "right": right}

    assert await bench.output("logic/merge", inputs) == merged


async def test_by_position_an_outer_join_keeps_what_only_the_right_list_has(bench: Bench) -> None:
    inputs = {"mode": "by_position", "left": [], "right": [{"b": 1}]}

    assert await bench.output("logic/merge", {**inputs, "join": "left"}) == []
    assert await bench.output("logic/merge", {**inputs, "join": "outer"}) == [{"b": 1}]


@pytest.mark.parametrize(
    ("join", "merged"),
    [
        ("inner", [(10, "Ada"), (10, "Ada")]),
        ("left", [(10, "Ada"), (2, None), (10, "Ada"), (4, None)]),
        ("outer", [(10, "Ada"), (2, None), (10, "Ada"), (4, None), (None, "Cy"), (None, None)]),
    ],
)
async def test_by_key_entries_with_the_same_value_become_one(bench: Bench, join: str, merged: Any) -> None:
    inputs = {"mode": "by_key", "key": "user", "join": join, **BOTH}

    output = await bench.output("logic/merge", inputs, names=NAMES)

    assert [(row.get("id"), row.get("name")) for row in output] == merged


async def test_by_key_each_of_several_partners_gives_an_entry(bench: Bench) -> None:
    left, right = [{"k": 1, "l": 1}, {"k": 1, "l": 2}], [{"k": 1.0, "r": 1}, {"k": 1, "r": 2}, {"k": True}, {"k": "1"}]

    output = await bench.output("logic/merge", {"mode": "by_key", "key": "k", "left": left, "right": right})

    assert [(row["l"], row["r"]) for row in output] == [(1, 1), (1, 2), (2, 1), (2, 2)]


@pytest.mark.parametrize(
    ("inputs", "field", "words"),
    [
        ({"left": "{{ {'a': 1} }}", "right": []}, "left", "Left must be a list, but it is an object"),
        ({"left": [], "right": "{{ None }}"}, "right", "Right must be a list, but it is null."),
        ({"left": [{}], "right": [{}, 5], "mode": "by_position"}, "right", "Entry 1 of right is a number"),
        ({"left": ["x"], "right": [], "mode": "by_key", "key": "id"}, "left", "Entry 0 of left is text"),
        ({"left": [{"a": 1}], "right": [], "mode": "by_key", "key": "id"}, "left", "has no field 'id'; it has: a."),
        (
            {"left": [{"id": [1]}], "right": [], "mode": "by_key", "key": "id"},
            "left",
            "'id' in entry 0 of left is a list",
        ),
        ({"left": [], "right": [], "mode": "by_key", "key": "{{ None }}"}, "key", "must be the name of a field"),
        ({"left": [], "right": [], "mode": "zip"}, "mode", "must be one of append, by_position, by_key"),
    ],
)
async def test_what_cannot_be_merged_says_where(bench: Bench, inputs: dict[str, Any], field: str, words: str) -> None:
    error = await bench.error("logic/merge", inputs)

    assert error["field"] == field
    assert words in error["message"]


async def test_a_key_that_nearly_all_share_does_not_fill_the_memory(bench: Bench) -> None:
    many = [{"k": 1}] * 2_000

    error = await bench.error(
        "logic/merge", {"mode": "by_key", "key": "k", "left": "{{ a }}", "right": "{{ a }}"}, names={"a": many}
    )

    assert "gives 4,000,000 entries; the most is 1,000,000" in error["message"]
