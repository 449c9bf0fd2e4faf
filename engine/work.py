"""What is done in an attempt: run a step, go on after it has waited, check or end a loop."""

import asyncio
from collections import ChainMap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, cast

from engine.attempt import Attempt, Outcome, Tools, stdout_of
from engine.effects import loop_effect, new_token, stop_effect, wait_effect
from engine.errors import ExpressionError, StepError
from engine.expression import evaluate, evaluate_each, run_code
from engine.files import Files
from engine.graph import Node
from engine.inputs import fill_in
from engine.json_values import NotJson, is_large, to_json
from engine.large import as_logged
from engine.outside import Outside
from engine.redact import Redactor, find_secrets
from engine.sdk import Answer, Loop, Step, StepContext, Stop, Taken, Wait
from engine.stored import Stored


async def run_step(attempt: Attempt, tools: Tools) -> Outcome:
    """Run the step from its beginning."""
    step = _find_step(attempt.node, tools)
    form = tools.forms.get(step, attempt.node)
    inputs = await fill_in(form, attempt.names, tools.sandbox, tools.files)
    credentials = await _find_credentials(attempt, tools.outside)
    if secrets := set(find_secrets(step, inputs, credentials or {})):
        attempt.redactor = Redactor(secrets)
    await _show_input(attempt, inputs, tools.files)
    returned = await step.run(_context(attempt, tools, credentials), **inputs)
    return await _finish(attempt, tools, returned)


async def resume_step(attempt: Attempt, tools: Tools, *, answer: Answer) -> Outcome:
    """Let the step make its outcome of what it waited for."""
    step = _find_step(attempt.node, tools)
    if step.resume is None:
        raise StepError(f"The action {attempt.node.action!r} can't go on after it has waited.", kind="unknown_action")
    if answer.what == "execution" and isinstance(answer.value["result"], Stored):
        answer = replace(answer, value=answer.value | {"result": await tools.files.read_all(answer.value["result"])})
    return await _finish(attempt, tools, step.resume(answer))


async def check_loop(attempt: Attempt, tools: Tools, *, index: int, count: int, until: str) -> Outcome:
    """Evaluate a repeat's `until` after an iteration."""
    try:
        is_true = await evaluate(until, attempt.names, tools.sandbox, tools.files)
    except ExpressionError as error:
        error.field = "until"
        raise
    if not isinstance(is_true, bool):
        raise StepError(
            f"Until must give true or false, but it gave {is_true!r:.80}.", kind="not_a_bool", field="until"
        )
    return Outcome(status="running", effect={"check": {"index": index, "is_last": is_true or index + 1 == count}})


async def end_loop(attempt: Attempt, tools: Tools, *, results: Any) -> Outcome:
    """Put the results of a loop's iterations together."""
    output, file = await as_logged(results, attempt.execution.id, tools.files)
    return Outcome(status="succeeded", output=output, files={"output": file} if file else None)


def _find_step(node: Node, tools: Tools) -> Step:
    if step := tools.steps.get(node.action):
        return step
    raise StepError(f"There is no action {node.action!r} on this server.", kind="unknown_action")


async def _find_credentials(attempt: Attempt, outside: Outside) -> Mapping[str, str] | None:
    node = attempt.node
    if node.connection is None:
        return None
    return await outside.find_credentials(attempt.execution, node.connection, node.action.partition("/")[0])


async def _show_input(attempt: Attempt, inputs: dict[str, Any], files: Files) -> None:
    shown = await _off_loop(attempt.redactor.clean_input, inputs)
    attempt.input, file = await as_logged(shown, attempt.execution.id, files)
    if file:
        attempt.files["input"] = file
    attempt.on_start(attempt.input, attempt.files or None)


async def _finish(attempt: Attempt, tools: Tools, returned: Any) -> Outcome:
    """Make of what a step returned what is logged of it."""
    output, said = _read(returned, tools)
    kept, files = await _keep(attempt, tools.files, output)
    return Outcome(**said, input=attempt.input, output=kept, stdout=stdout_of(attempt), files=files)


def _read(returned: Any, tools: Tools) -> tuple[Any, dict[str, Any]]:
    """Return the output, and what else there is to say of the outcome."""
    match returned:
        case Taken():
            return returned.output, {"status": "succeeded", "handles": returned.handles}
        case Loop():
            return returned.items, {"status": "running", "effect": loop_effect(returned)}
        case Stop():
            return returned.result, {"status": "succeeded", "effect": stop_effect(returned)}
        case Wait():
            token = new_token() if returned.what == "request" else None
            link = {"resume_url": tools.outside.resume_url(token)} if token else {}
            effect = wait_effect(returned, token)
            return {**returned.shown, **link}, {"status": "waiting", "effect": effect, "resume_at": returned.until}
    return returned, {"status": "succeeded"}


async def _keep(attempt: Attempt, files: Files, output: Any) -> tuple[Any, dict[str, Any] | None]:
    """Return the output without secrets, or its preview if it is large, and the event's files."""
    clean = await _off_loop(partial(_keepable, redactor=attempt.redactor), output)
    kept, file = await as_logged(clean, attempt.execution.id, files)
    return kept, {**attempt.files, **({"output": file} if file else {})} or None


def _context(attempt: Attempt, tools: Tools, credentials: Mapping[str, str] | None) -> StepContext:
    async def evaluate_source(
        source: str,
        *,
        field: str,
        names: Mapping[str, Any] | None = None,
        each: Sequence[Any] | None = None,
        is_code: bool = False,
    ) -> Any:
        seen = ChainMap(dict(names), cast(dict[str, Any], attempt.names)) if names else attempt.names
        try:
            if is_code:
                seconds = attempt.node.timeout
                return await run_code(
                    source, seen, tools.sandbox, tools.files, seconds=seconds, printed=attempt.printed
                )
            if each is not None:
                return await evaluate_each(source, each, seen, tools.sandbox, tools.files)
            return await evaluate(source, seen, tools.sandbox, tools.files)
        except ExpressionError as error:
            error.field = field
            error.retryable = is_code  # a program may go another way the next time
            raise

    async def start_workflow(workflow_id: str, input: Any) -> str:
        return await tools.outside.start_workflow(attempt.execution, workflow_id, input, attempt.idempotency_key)

    return StepContext(
        http=tools.http,
        idempotency_key=attempt.idempotency_key,
        evaluate=evaluate_source,
        now=tools.clock.now,
        find_address=tools.outside.find_address,
        start_workflow=start_workflow,
        find_file=tools.outside.find_file,
        timeout=attempt.node.timeout,
        trigger_input=attempt.execution.input,
        credentials=credentials,
    )


async def _off_loop(work: Callable[[Any], Any], value: Any) -> Any:
    """Do what takes long for a large value where nobody else waits for it."""
    return await asyncio.to_thread(work, value) if is_large(value) else work(value)


def _keepable(output: Any, redactor: Redactor) -> Any:
    try:
        kept = to_json(output)
    except NotJson as error:
        raise StepError(f"What the step gave {error}.", kind="not_json") from None
    return redactor.clean_output(kept)
