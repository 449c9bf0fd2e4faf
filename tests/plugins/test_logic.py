"""The condition."""

import pytest

from tests.plugins.conftest import Bench


@pytest.mark.parametrize(("score", "handle"), [(9, "true"), (7, "false")])
async def test_a_condition_takes_the_end_named_after_its_value(bench: Bench, score: int, handle: str) -> None:
    outcome = await bench.run("logic/condition", {"expression": "a.score >= 8"}, names={"a": {"score": score}})

    assert (outcome.output, outcome.handles) == ({"value": score == 9}, (handle,))


@pytest.mark.parametrize("expression", ["1", "'true'", "None", "[]"])
async def test_a_condition_that_is_not_a_bool_fails(bench: Bench, expression: str) -> None:
    error = await bench.error("logic/condition", {"expression": expression})

    assert error["type"] == "not_a_bool"
    assert "compare it" in error["message"]
