"""The Code step."""

from tests.plugins.conftest import Bench


async def test_code_gives_its_last_value_and_prints_to_the_log(bench: Bench) -> None:
    outcome = await bench.run("code/python", {"code": "print('hi')\na.n * 2"}, names={"a": {"n": 21}})

    assert (outcome.output, outcome.stdout) == (42, "hi\n")


async def test_a_failure_says_the_line_and_may_be_tried_again(bench: Bench) -> None:
    error = await bench.error("code/python", {"code": "x = 1\n\n1 / 0"})

    assert error["message"] == "Line 3: ZeroDivisionError: division by zero."
    assert error["retryable"]
