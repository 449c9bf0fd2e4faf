"""Steps that wait, run other workflows and stop: what they ask of the engine, and what they make of the answer."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from engine.errors import StepError
from engine.field_problems import find_input_problems
from engine.models import Execution
from engine.outside import Nothing
from engine.sdk import Answer, Stop, Taken, Wait
from tests.plugins.conftest import NOW, STEPS, Bench

IN_TIME = NOW + timedelta(minutes=5)
YEAR = 365 * 86_400


def end(action: str, answer: Answer) -> Any:
    """Resume a step that has waited."""
    resume = STEPS[action].resume
    assert resume
    return resume(answer)


def problems(action: str, inputs: Mapping[str, Any]) -> list[str]:
    return [field for field, _ in find_input_problems(STEPS[action], inputs)]


@pytest.mark.parametrize(
    ("inputs", "until"),
    [
        ({"seconds": 90}, NOW + timedelta(seconds=90)),
        ({"seconds": "{{ '0.5' }}"}, NOW + timedelta(seconds=0.5)),
        ({"seconds": 0}, NOW),
        ({"seconds": YEAR}, NOW + timedelta(days=365)),
        ({"seconds": "{{ -5 }}"}, NOW),
        ({"until": "2026-11-01T14:00:00+01:00"}, NOW + timedelta(hours=1)),
        ({"until": "2026-11-01T13:00:00Z"}, NOW + timedelta(hours=1)),
        ({"until": "2026-11-01 13:00"}, NOW + timedelta(hours=1)),
        ({"until": "{{ a }}"}, NOW + timedelta(hours=1)),
        ({"until": "1999-01-01"}, NOW),
        ({"until": "0001-01-01T00:00:00+14:00"}, NOW),
    ],
)
async def test_a_delay_ends_at_its_moment_and_one_that_has_passed_at_once(
    bench: Bench, inputs: dict[str, Any], until: datetime
) -> None:
    assert not problems("flow/delay", inputs)
    assert await bench.asked("flow/delay", inputs, names={"a": "2026-11-01T13:00:00Z"}) == Wait(until=until)


def test_a_delay_says_when_it_went_on() -> None:
    assert end("flow/delay", Answer(what="time", at=IN_TIME)) == {"resumed_at": "2026-11-01T12:05:00+00:00"}


@pytest.mark.parametrize(
    ("inputs", "field", "words"),
    [
        ({}, "seconds", "give Seconds or Until"),
        ({"until": "{{ None }}"}, "seconds", "give Seconds or Until"),
        ({"seconds": 5, "until": "2026-12-01"}, "until", "not both"),
        ({"seconds": YEAR + 1}, "seconds", "up to 31,536,000"),
        ({"seconds": 1e300}, "seconds", "up to 31,536,000"),
        ({"until": "2028-01-01"}, "until", "within 365 days"),
        ({"until": "9999-12-31T23:59:59-14:00"}, "until", "within 365 days"),
        ({"until": "tomorrow"}, "until", "ISO 8601, such as 2026-12-01T08:00:00Z, not 'tomorrow'"),
        ({"until": "{{ 5 }}"}, "until", "ISO 8601"),
        ({"seconds": "soon"}, "seconds", "must be a number"),
    ],
)
async def test_a_delay_without_one_clear_end_fails(
    bench: Bench, inputs: dict[str, Any], field: str, words: str
) -> None:
    error = await bench.error("flow/delay", inputs)

    assert error["field"] == field
    assert words in error["message"]


@pytest.mark.parametrize(
    ("inputs", "fields"),
    [
        ({}, ["seconds"]),
        ({"seconds": 1, "until": "{{ x }}"}, ["until"]),
        ({"seconds": "x"}, ["seconds"]),
        ({"seconds": -1}, ["seconds"]),
    ],
)
def test_a_delay_with_none_or_both_is_a_problem_before_a_run(inputs: dict[str, Any], fields: list[str]) -> None:
    assert problems("flow/delay", inputs) == fields


@pytest.mark.parametrize(
    ("approvers", "asked"),
    [
        (None, ()),
        ("", ()),
        ("Alice@example.com, bob@example.com,", ("alice@example.com", "bob@example.com")),
        (["bob@example.com", "{{ who }}", "BOB@example.com"], ("bob@example.com", "alice@example.com")),
        ("{{ [who] }}", ("alice@example.com",)),
    ],
)
async def test_an_approval_asks_its_approvers(bench: Bench, approvers: Any, asked: tuple[str, ...]) -> None:
    inputs = {"message": "Refund {{ n }}?", "approvers": approvers}
    names = {"n": 5, "who": "alice@example.com"}

    assert not problems("flow/approval", inputs)
    assert await bench.asked("flow/approval", inputs, names=names) == Wait(
        what="approval", approvers=asked, shown={"message": "Refund 5?", "approvers": list(asked)}
    )


@pytest.mark.parametrize(
    ("inputs", "field", "words"),
    [
        ({"approvers": "alice"}, "approvers", "'alice' is no e-mail address"),
        ({"approvers": [["a@b.c"]]}, "approvers", "is no e-mail address"),
        ({"approvers": {"a@b.c": 1}}, "approvers", "with commas between them"),
        ({"approvers": ["a@b.c"] * 101}, "approvers", "up to 100"),
        ({"timeout": 0}, "timeout", "from 0.001"),
        ({"timeout": YEAR + 1}, "timeout", "up to 31,536,000"),
    ],
)
async def test_an_approval_that_nobody_could_give_fails(
    bench: Bench, inputs: dict[str, Any], field: str, words: str
) -> None:
    error = await bench.error("flow/approval", {"message": "Well?", **inputs})

    assert error["field"] == field
    assert words in error["message"]


@pytest.mark.parametrize("decision", ["approved", "rejected"])
def test_a_decision_is_the_output_and_the_end_that_is_taken(decision: str) -> None:
    value = {"decision": decision, "by": "bob@example.com", "comment": "", "at": IN_TIME.isoformat()}

    taken = end("flow/approval", Answer(what="approval", at=IN_TIME, value=value))

    assert taken == Taken(output=value, handles=(decision,))


def test_an_approval_that_nobody_gave_goes_on_at_timeout() -> None:
    taken = end("flow/approval", Answer(what="time", at=IN_TIME))

    output = {"decision": "timeout", "by": None, "comment": None, "at": IN_TIME.isoformat()}
    assert taken == Taken(output=output, handles=("timeout",))


@pytest.mark.parametrize(("timeout", "until"), [(300, IN_TIME), (None, None)])
async def test_a_request_is_waited_for_until_the_time_limit(
    bench: Bench, timeout: int | None, until: datetime | None
) -> None:
    asked = await bench.asked("flow/wait-for-webhook", {"timeout": timeout})

    assert asked == Wait(what="request", until=until)


def test_a_request_is_the_output_and_none_a_failure() -> None:
    request = {"method": "POST", "path": "/", "query": {}, "headers": {}, "body": {"paid": True}}

    assert end("flow/wait-for-webhook", Answer(what="request", at=IN_TIME, value=request)) == request
    with pytest.raises(StepError, match="No request came"):
        end("flow/wait-for-webhook", Answer(what="time", at=IN_TIME))


class OtherWorkflows(Nothing):
    """Notes what is started."""

    def __init__(self) -> None:
        self.started: list[tuple[str, object, str]] = []

    async def start_workflow(self, parent: Execution, workflow_id: str, input: object, key: str) -> str:
        self.started.append((workflow_id, input, key))
        return "ex_2"


async def test_another_workflow_is_started_with_its_input_and_waited_for(bench: Bench) -> None:
    bench.outside = others = OtherWorkflows()

    asked = await bench.asked("flow/run-workflow", {"workflow": "wf_2", "input": '{"n": {{ n }}}'}, names={"n": [1]})

    assert others.started == [("wf_2", {"n": [1]}, "ex:a:")]
    assert asked == Wait(what="execution", child="ex_2", shown={"execution_id": "ex_2"})


async def test_another_workflow_that_is_not_waited_for_gives_its_execution(bench: Bench) -> None:
    bench.outside = OtherWorkflows()

    assert await bench.output("flow/run-workflow", {"workflow": "wf_2", "wait": False}) == {"execution_id": "ex_2"}


@pytest.mark.parametrize(
    ("inputs", "field"),
    [
        ({"workflow": "{{ None }}"}, "workflow"),
        ({"workflow": "{{ 5 }}"}, "workflow"),
        ({"workflow": "wf_2", "input": [1]}, "input"),
        ({"workflow": "wf_2", "input": "{{ 'text' }}"}, "input"),
    ],
)
async def test_what_no_workflow_can_be_started_with_fails(bench: Bench, inputs: dict[str, Any], field: str) -> None:
    assert (await bench.error("flow/run-workflow", inputs))["field"] == field


def ended(status: str, *, result: Any = None, error: Any = None) -> Answer:
    value = {"id": "ex_2", "status": status, "result": result, "error": error}
    return Answer(what="execution", at=IN_TIME, value=value)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (ended("failed", error={"type": "x", "message": "No luck."}), "No luck. (In execution ex_2.)"),
        (
            ended("failed", error={"type": "workflow_failed", "message": "No luck. (In execution ex_5.)"}),
            "No luck. (In execution ex_5.)",
        ),
        (
            ended("cancelled", error={"type": "cancelled", "message": "The execution was cancelled."}),
            "The execution was cancelled. (In execution ex_2.)",
        ),
        (ended("failed"), "The workflow that this step ran failed. (In execution ex_2.)"),
    ],
)
def test_the_failure_of_another_workflow_is_told_and_may_be_tried_again(answer: Answer, message: str) -> None:
    with pytest.raises(StepError) as caught:
        end("flow/run-workflow", answer)

    assert caught.value.message == message
    assert caught.value.retryable


def test_the_result_of_another_workflow_is_the_output() -> None:
    assert end("flow/run-workflow", ended("succeeded", result=[1])) == [1]


@pytest.mark.parametrize(
    ("inputs", "stop"),
    [
        ({}, Stop()),
        ({"result": "{{ n }}"}, Stop(result=5)),
        ({"result": "all {{ n }} done"}, Stop(result="all 5 done")),
        ({"result": {"n": "{{ n }}"}}, Stop(result={"n": 5})),
        ({"status": "failed", "message": "No {{ n }}."}, Stop(status="failed", message="No 5.")),
        ({"status": "failed"}, Stop(status="failed", message="The workflow ended itself as failed.")),
    ],
)
async def test_stop_ends_the_execution(bench: Bench, inputs: dict[str, Any], stop: Stop) -> None:
    assert not problems("flow/stop", inputs)
    assert await bench.asked("flow/stop", inputs, names={"n": 5}) == stop
