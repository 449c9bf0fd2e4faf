"""What an execution promises: order, joins, failures, restarts, and that nothing finished is run again."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from engine.sdk import Step, StepContext, StepError
from tests.engine.build import STEPS, node, workflow
from tests.engine.conftest import Engine


def with_step(engine: Engine, run: Any) -> None:
    """Put a step `test/own` without a form beside the others."""
    engine.steps["test/own"] = Step(run=run, name="own", label="Own", description="")


async def test_an_execution_gives_the_output_of_its_last_node(engine: Engine) -> None:
    definition = workflow(node("a", inputs={"value": "{{ lead.name }}!"}), edges="lead>a")

    execution = await engine.run(definition, {"name": "Ada"})

    assert (execution.status, execution.result, execution.error) == ("succeeded", "Ada!", None)


async def test_several_last_nodes_give_their_outputs_by_id(engine: Engine) -> None:
    definition = workflow(node("a", inputs={"value": 1}), node("b", inputs={"value": 2}), edges="lead>a lead>b")

    assert (await engine.run(definition)).result == {"a": 1, "b": 2}


async def test_a_join_runs_once_after_both_branches(engine: Engine) -> None:
    definition = workflow(
        node("a", inputs={"value": 1}),
        node("b", inputs={"value": 2}),
        node("end", inputs={"value": "{{ a + b }}"}),
        edges="lead>a lead>b a>end b>end",
    )

    assert (await engine.run(definition)).result == 3


async def test_the_branch_that_is_not_taken_is_skipped_and_its_output_is_none(engine: Engine) -> None:
    definition = workflow(
        node("hot", "test/check", inputs={"expression": "lead.score > 8"}),
        node("yes", inputs={"value": 1}),
        node("no", inputs={"value": 2}),
        node("end", inputs={"value": ["{{ yes }}", "{{ no }}"]}),
        edges="lead>hot hot>yes:true hot>no:false yes>end no>end",
    )

    execution = await engine.run(definition, {"score": 9})

    assert execution.result == [1, None]
    assert (await engine.statuses(execution.id))["no"] == "skipped"


async def test_branches_run_side_by_side(engine: Engine) -> None:
    meeting = asyncio.Barrier(2)

    async def meet(context: StepContext) -> None:
        await meeting.wait()

    with_step(engine, meet)

    execution = await engine.run(workflow(node("a", "test/own"), node("b", "test/own"), edges="lead>a lead>b"))

    assert execution.status == "succeeded"


async def test_a_disabled_node_passes_on(engine: Engine) -> None:
    definition = workflow(
        node("off", "test/fail", enabled=False), node("end", inputs={"value": "{{ off }}"}), edges="lead>off off>end"
    )

    assert (await engine.run(definition)).status == "succeeded"


async def test_a_failed_node_ends_the_execution_and_nothing_new_starts(engine: Engine) -> None:
    definition = workflow(node("a", "test/fail", inputs={"message": "No luck."}), node("b"), edges="lead>a a>b")

    execution = await engine.run(definition)

    assert execution.status == "failed"
    assert execution.error == {"type": "step_failed", "message": "No luck.", "node": "a"}
    assert await engine.statuses(execution.id) == {"lead": "succeeded", "a": "failed"}


async def test_a_failed_node_that_continues_gives_its_error_as_output(engine: Engine) -> None:
    definition = workflow(
        node("a", "test/fail", inputs={"message": "No luck."}, on_error="continue"),
        node("b", inputs={"value": "{{ a.error.message }}"}),
        edges="lead>a a>b",
    )

    assert (await engine.run(definition)).result == "No luck."


async def test_a_failed_node_that_branches_takes_its_error_edge_only(engine: Engine) -> None:
    definition = workflow(
        node("a", "test/fail", on_error="branch"), node("good"), node("bad"), edges="lead>a a>good a>bad:error"
    )

    execution = await engine.run(definition)

    assert execution.status == "succeeded"
    assert await engine.statuses(execution.id) == {
        "lead": "succeeded",
        "a": "failed",
        "good": "skipped",
        "bad": "succeeded",
    }


async def test_a_missing_field_fails_the_node_with_what_is_there(engine: Engine) -> None:
    execution = await engine.run(workflow(node("a", inputs={"value": "{{ lead.scor }}"}), edges="lead>a"), {"score": 1})

    assert execution.error == {
        "type": "expression_failed",
        "message": "lead has no field 'scor'; it has: score",
        "field": "value",
        "node": "a",
    }


async def test_an_unexpected_exception_shows_no_details(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    async def explode(context: StepContext) -> None:
        raise RuntimeError("password=hunter2")

    with_step(engine, explode)

    execution = await engine.run(workflow(node("a", "test/own"), edges="lead>a"))

    assert execution.error is not None
    assert execution.error["type"] == "internal"
    assert "hunter2" not in str(execution.error)
    assert execution.id in caplog.text


class Panic(BaseException):
    """Such as the sandbox's own, which says that it is no Exception."""


@pytest.mark.parametrize("error", [asyncio.CancelledError, SystemExit, Panic])
async def test_a_step_that_ends_in_whatever_way_has_failed(engine: Engine, error: type[BaseException]) -> None:
    async def fail(context: StepContext) -> None:
        raise error

    with_step(engine, fail)

    async with asyncio.timeout(5):
        execution = await engine.run(workflow(node("a", "test/own"), edges="lead>a"))

    assert (execution.status, (execution.error or {})["type"]) == ("failed", "internal")


@pytest.mark.parametrize("output", [float("nan"), object(), {1: {2: b""}}, "\ud800"])
async def test_an_output_that_is_not_json_fails_the_node(engine: Engine, output: Any) -> None:
    async def give(context: StepContext) -> Any:
        return output

    with_step(engine, give)

    execution = await engine.run(workflow(node("a", "test/own"), edges="lead>a"))

    assert execution.error is not None
    assert execution.error["type"] == "not_json"


@pytest.mark.parametrize("items", ['["\\ud800"]', "[NaN]", "[1e999]", '["\\u0000"]', "[" * 200 + "]" * 200, "9" * 5000])
async def test_an_input_that_can_not_be_kept_fails_the_node(engine: Engine, items: str) -> None:
    engine.steps["test/own"] = json_step()

    execution = await engine.run(workflow(node("a", "test/own", inputs={"value": items}), edges="lead>a"))

    assert execution.error is not None
    assert (execution.error["type"], execution.error["field"]) == ("expression_failed", "value")


def json_step() -> Step:
    step = STEPS["test/echo"]
    return replace(step, fields=(replace(step.fields[0], binding="json"),))


async def test_an_error_message_of_whatever_characters_and_length_is_kept(engine: Engine) -> None:
    async def fail(context: StepContext) -> None:
        raise StepError("half \ud800, none \0, and long" + "x" * 10_000_000)

    with_step(engine, fail)

    execution = await engine.run(workflow(node("a", "test/own"), edges="lead>a"))

    assert execution.error is not None
    assert execution.error["message"].startswith("half \ufffd, none \ufffd, and long")


async def test_a_step_is_stopped_at_its_time_limit(engine: Engine) -> None:
    execution = await engine.run(workflow(node("a", "test/sleep", timeout=0.01), edges="lead>a"))

    assert execution.error is not None
    assert execution.error["type"] == "timeout"


async def test_what_code_prints_is_in_the_log(engine: Engine) -> None:
    definition = workflow(node("a", "test/code", inputs={"code": "print('hello')\n6 * 7"}), edges="lead>a")

    execution = await engine.run(definition)

    assert execution.result == 42
    assert (await engine.log(execution.id))[-2].stdout == "hello\n"


async def test_a_step_that_had_succeeded_is_not_run_again_after_a_crash(engine: Engine) -> None:
    calls: list[str] = []
    started = asyncio.Event()

    async def call(context: StepContext) -> None:
        calls.append(context.idempotency_key)
        if len(calls) > 1 and not started.is_set():
            started.set()
            await asyncio.Event().wait()

    with_step(engine, call)
    execution_id = await engine.insert(workflow(node("a", "test/own"), node("b", "test/own"), edges="lead>a a>b"))

    await crash(engine, execution_id, when=started)
    await engine.drive(execution_id)

    attempts = [(event.node_id, event.attempt) for event in await engine.log(execution_id) if event.status == "running"]
    assert calls == [f"{execution_id}:a:", f"{execution_id}:b:", f"{execution_id}:b:"]
    assert attempts == [(None, 1), ("lead", 1), ("a", 1), ("b", 1), (None, 1), ("b", 2)]
    assert (await engine.get(execution_id)).status == "succeeded"


async def crash(engine: Engine, execution_id: str, *, when: asyncio.Event) -> None:
    """Drive until the event has happened, then be gone as if the process had died."""
    driving = asyncio.create_task(engine.drive(execution_id))
    await when.wait()
    driving.cancel()
    await asyncio.gather(driving, return_exceptions=True)
    await engine.journal.close()


async def test_a_step_that_kills_the_process_is_given_up_in_the_end(engine: Engine) -> None:
    started = asyncio.Event()

    async def kill(context: StepContext) -> None:
        started.set()
        await asyncio.Event().wait()

    with_step(engine, kill)
    definition = workflow(node("a", "test/own", on_error="branch"), node("bad"), edges="lead>a a>bad:error")
    execution_id = await engine.insert(definition)

    for _ in range(5):
        started.clear()
        await crash(engine, execution_id, when=started)
    await engine.drive(execution_id)

    given_up = (await engine.log(execution_id))[-4]
    assert (given_up.attempt, given_up.error["type"]) == (6, "interrupted")  # type: ignore[index]
    assert (await engine.statuses(execution_id))["bad"] == "succeeded"


async def test_a_failure_worth_a_retry_is_tried_again_when_its_time_has_come(engine: Engine) -> None:
    failed = asyncio.Event()

    async def flaky(context: StepContext) -> str:
        if not failed.is_set():
            failed.set()
            raise StepError("Busy.", retryable=True)
        return "done"

    with_step(engine, flaky)
    execution_id = await engine.insert(
        workflow(node("a", "test/own", retry={"max_attempts": 2, "delay": 10}), edges="lead>a")
    )

    await engine.drive(execution_id)
    engine.clock.advance(15)
    await engine.drive(execution_id)

    assert (await engine.get(execution_id)).result == "done"


async def test_during_a_back_off_a_node_waits_and_takes_no_edge(engine: Engine) -> None:
    async def busy(context: StepContext) -> None:
        raise StepError("Busy.", retryable=True)

    with_step(engine, busy)
    retry = {"max_attempts": 2, "delay": 10}
    execution_id = await engine.insert(
        workflow(node("a", "test/own", retry=retry, on_error="branch"), node("bad"), edges="lead>a a>bad:error")
    )

    await engine.drive(execution_id)
    waiting = (await engine.store.summarize_nodes(execution_id))["a"]
    engine.clock.advance(15)
    await engine.drive(execution_id)

    assert (waiting.status, waiting.handles, waiting.completed_at) == ("waiting", None, None)
    ended = (await engine.store.summarize_nodes(execution_id))["a"]
    assert (ended.status, ended.handles, ended.attempts) == ("failed", ("error",), 2)


async def test_an_execution_that_is_interrupted_leaves_no_task_behind(engine: Engine) -> None:
    flaky = node("b", "test/flaky", inputs={"failures": 1, "attempt": 1}, retry={"max_attempts": 2, "delay": 10})
    execution_id = await engine.insert(workflow(node("a", "test/sleep"), flaky, edges="lead>a lead>b"))
    driving = asyncio.create_task(engine.drive(execution_id))
    await engine.clock.until_somebody_sleeps()

    driving.cancel()
    await asyncio.gather(driving, return_exceptions=True)
    await engine.journal.close()

    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_editing_the_workflow_does_not_change_what_runs(engine: Engine) -> None:
    definition = workflow(node("a", inputs={"value": 1}), edges="lead>a")
    execution_id = await engine.insert(definition)
    definition["nodes"][1]["data"]["inputs"]["value"] = 2

    await engine.drive(execution_id)

    assert (await engine.get(execution_id)).result == 1


async def test_secrets_in_headers_are_not_in_the_log(engine: Engine) -> None:
    async def call(context: StepContext, *, headers: Any) -> Any:
        return {"said": f"token {headers['Authorization'].split()[1]}", "tokens_used": 5}

    fields = replace(STEPS["test/echo"].fields[0], name="headers")
    engine.steps["test/own"] = Step(run=call, name="own", label="Own", description="", fields=(fields,))
    definition = workflow(
        node("a", "test/own", inputs={"headers": {"Authorization": "Bearer s3cret-value"}}), edges="lead>a"
    )

    execution = await engine.run(definition)

    assert "s3cret" not in str(await engine.log(execution.id))
    assert execution.result == {"said": "token ••••••", "tokens_used": 5}
