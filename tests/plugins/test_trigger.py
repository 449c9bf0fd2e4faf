"""The manual trigger and its form."""

from typing import Any

import pytest

from engine.field_problems import find_input_problems
from tests.plugins.conftest import STEPS, Bench

FORM = [
    {"name": "name", "type": "text", "required": True},
    {"name": "count", "type": "number", "default": 1},
    {"name": "sure", "type": "boolean"},
]


@pytest.mark.parametrize(("given", "output"), [(None, {}), ({}, {}), ({"any": [1]}, {"any": [1]})])
async def test_without_a_form_any_object_is_taken(bench: Bench, given: Any, output: Any) -> None:
    assert await bench.output("trigger/manual", {}, trigger_input=given) == output


async def test_defaults_fill_what_is_missing(bench: Bench) -> None:
    output = await bench.output("trigger/manual", {"fields": FORM}, trigger_input={"name": "Ada", "more": 5})

    assert output == {"name": "Ada", "count": 1, "sure": None, "more": 5}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([], "must be an object"),
        ("text", "must be an object"),
        ({}, "needs 'name'"),
        ({"name": 5}, "'name' must be text"),
        ({"name": "Ada", "count": "many"}, "'count' must be a number"),
        ({"name": "Ada", "count": True}, "'count' must be a number"),
        ({"name": "Ada", "sure": "yes"}, "'sure' must be true or false"),
    ],
)
async def test_an_input_that_does_not_fit_the_form_is_refused(bench: Bench, given: Any, words: str) -> None:
    assert words in (await bench.error("trigger/manual", {"fields": FORM}, trigger_input=given))["message"]


@pytest.mark.parametrize("form", ["text", {"name": "x"}, [1], [{}]])
async def test_a_form_that_is_none_is_a_clear_error(bench: Bench, form: Any) -> None:
    assert (await bench.error("trigger/manual", {"fields": form}))["field"] == "fields"
    assert [field for field, _ in find_input_problems(STEPS["trigger/manual"], {"fields": form})] == ["fields"]
