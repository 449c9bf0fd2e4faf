"""What the loops ask of the engine."""

from typing import Any

import pytest

from engine.field_problems import find_input_problems
from engine.sdk import Loop
from tests.plugins.conftest import STEPS, Bench


@pytest.mark.parametrize(("inputs", "concurrency"), [({}, 1), ({"concurrency": 50}, 50), ({"concurrency": "5"}, 5)])
async def test_for_each_goes_through_a_list(bench: Bench, inputs: dict[str, Any], concurrency: int) -> None:
    loop = await bench.asked("logic/for-each", {"items": "{{ a }}", **inputs}, names={"a": [1, "x"]})

    assert loop == Loop(items=[1, "x"], concurrency=concurrency)


@pytest.mark.parametrize(("inputs", "times"), [({}, 100), ({"max_iterations": 10_000}, 10_000)])
async def test_repeat_leaves_its_condition_to_the_engine(bench: Bench, inputs: dict[str, Any], times: int) -> None:
    loop = await bench.asked("logic/repeat", {"until": "job.is_done or index > 3", **inputs})

    assert loop == Loop(until="job.is_done or index > 3", max_iterations=times)


@pytest.mark.parametrize(
    ("action", "inputs", "field", "words"),
    [
        ("for-each", {"items": "{{ {'a': 1} }}"}, "items", "must be a list, but it is an object with the fields a."),
        ("for-each", {"items": "{{ 'a,b' }}"}, "items", "but it is text."),
        ("for-each", {"items": "{{ None }}"}, "items", "but it is null."),
        ("for-each", {"items": [], "concurrency": 0}, "concurrency", "from 1 up to 50"),
        ("for-each", {"items": [], "concurrency": 51}, "concurrency", "from 1 up to 50"),
        ("for-each", {"items": [], "concurrency": 1.5}, "concurrency", "whole number"),
        ("repeat", {"until": "True", "max_iterations": 0}, "max_iterations", "from 1 up to 10,000"),
        ("repeat", {"until": "True", "max_iterations": 10_001}, "max_iterations", "from 1 up to 10,000"),
    ],
)
async def test_a_loop_that_cannot_go_says_why(
    bench: Bench, action: str, inputs: dict[str, Any], field: str, words: str
) -> None:
    error = await bench.error(f"logic/{action}", inputs)

    assert error["field"] == field
    assert words in error["message"]


@pytest.mark.parametrize("action", ["logic/for-each", "logic/repeat"])
def test_a_loop_is_a_group(action: str) -> None:
    assert STEPS[action].node_type == "group"


def test_a_list_without_entries_is_a_list() -> None:
    assert not list(find_input_problems(STEPS["logic/for-each"], {"items": []}))
    assert list(find_input_problems(STEPS["logic/for-each"], {"items": " "})) == [("items", "List is required.")]
