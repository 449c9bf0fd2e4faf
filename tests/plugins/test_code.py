"""The Code step."""

from tests.plugins.conftest import Bench


async def test_code_gives_its_last_value_and_prints_to_the_log(bench: Bench) -> None:
    outcome = await bench.run("code/python", {"code": "print('hi')\na.n * 2"}, names={"a": {"n": 21}})

    assert (outcome.output, outcome.stdout) == (42, "hi\n")


async def test_a_failure_says_the_line_and_may_be_tried_again(bench: Bench) -> None:
    outcome = await bench.run("code/python", {"code": "print('so far')\n\n1 / 0"})

    assert outcome.error == {
        "type": "expression_failed",
        "message": "Line 3: ZeroDivisionError: division by zero.",
        "field": "code",
        "retryable": True,
    }
    assert outcome.stdout == "so far\n"
