"""One attempt at one step: fill its form, run it, and make of what comes out something that can be kept."""

import asyncio
import logging
from collections import ChainMap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

import httpx

from engine.clock import Clock, SystemClock
from engine.errors import ExpressionError, StepError
from engine.events import Status
from engine.expression import evaluate, evaluate_each, run_code
from engine.graph import Node
from engine.inputs import resolve
from engine.json_values import NotJson, is_large, size_of, to_json, to_text
from engine.models import Execution
from engine.outside import Nothing, Outside
from engine.redact import Redactor, find_secrets
from engine.sandbox import Printed, Sandbox
from engine.sdk import Step, StepContext, Taken
from engine.state import MAX_RETRY_AFTER

MAX_OUTPUT = 16 * 1024 * 1024  # characters of JSON
MAX_MESSAGE = 4_000
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What all attempts share."""

    steps: Mapping[str, Step]
    http: httpx.AsyncClient
    sandbox: Sandbox
    clock: Clock = field(default_factory=SystemClock)
    outside: Outside = field(default_factory=Nothing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How an attempt ended; nothing in it is secret."""

    status: Status
    input: Any = None
    output: Any = None
    error: dict[str, Any] | None = None
    handles: tuple[str, ...] | None = None
    stdout: str | None = None


@dataclass(slots=True, kw_only=True)
class Attempt:
    """An attempt while it lasts; `on_start` is called with the input once it is known."""

    execution: Execution
    node: Node
    names: Mapping[str, Any]
    idempotency_key: str
    on_start: Callable[[Any], None]
    input: Any = None
    printed: Printed = field(default_factory=Printed)
    redactor: Redactor = field(default_factory=lambda: Redactor(()))


async def make_attempt(attempt: Attempt, tools: Tools) -> Outcome:
    """Run a step once; whatever goes wrong is an outcome, too."""
    try:
        async with asyncio.timeout(attempt.node.timeout) as limit:
            return await _run_step(attempt, tools)
    except StepError as error:
        return _failed(attempt, error)
    except TimeoutError:
        if limit.expired():
            message = f"The step took longer than its time limit of {attempt.node.timeout:g} s."
            return _failed(attempt, StepError(message, kind="timeout", retryable=True))
        log.exception("A time limit inside step %s was not handled", attempt.idempotency_key)
    except Exception:
        log.exception("Step %s failed", attempt.idempotency_key)
    return _failed(
        attempt, StepError("An internal error happened in this step; the server's log has it.", kind="internal")
    )


def failed_outcome(node: Node, error: dict[str, Any], *, input: Any = None, stdout: str | None = None) -> Outcome:
    """Make of a failure what the node's `on_error` says: its error as output, or the end named `error`."""
    shown = {"type": error["type"], "message": error["message"]}
    return Outcome(
        status="failed",
        input=input,
        output={"error": shown} if node.on_error == "continue" else None,
        error=error,
        handles=("error",) if node.on_error == "branch" else None,
        stdout=stdout,
    )


async def _run_step(attempt: Attempt, tools: Tools) -> Outcome:
    node = attempt.node
    step = tools.steps.get(node.action)
    if step is None:
        raise StepError(f"There is no action {node.action!r} on this server.", kind="unknown_action")
    inputs = await resolve(step, node.inputs, attempt.names, tools.sandbox)
    credentials = await _find_credentials(attempt, tools.outside)
    attempt.redactor = Redactor(find_secrets(step, inputs, credentials or {}))
    attempt.input = await _off_loop(attempt.redactor.clean_input, inputs)
    attempt.on_start(attempt.input)
    returned = await step.run(_context(attempt, tools, credentials), **inputs)
    taken = returned if isinstance(returned, Taken) else None
    output = await _off_loop(partial(_keepable, redactor=attempt.redactor), taken.output if taken else returned)
    return Outcome(
        status="succeeded",
        input=attempt.input,
        output=output,
        handles=taken.handles if taken else None,
        stdout=_stdout(attempt),
    )


async def _find_credentials(attempt: Attempt, outside: Outside) -> Mapping[str, str] | None:
    node = attempt.node
    if node.connection is None:
        return None
    return await outside.find_credentials(attempt.execution, node.connection, node.action.partition("/")[0])


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
                return await run_code(source, seen, tools.sandbox, seconds=seconds, printed=attempt.printed)
            if each is not None:
                return await evaluate_each(source, each, seen, tools.sandbox)
            return await evaluate(source, seen, tools.sandbox)
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
    if (size := size_of(kept)) > MAX_OUTPUT:
        limit = MAX_OUTPUT // 1024**2
        raise StepError(f"The step gave {size // 1024**2} MiB; the most is {limit} MiB: take less.", kind="too_large")
    return redactor.clean_output(kept)


def _failed(attempt: Attempt, error: StepError) -> Outcome:
    details: dict[str, Any] = {"type": error.kind, "message": _shown(attempt, error.message)[:MAX_MESSAGE]}
    if error.field:
        details["field"] = error.field
    if error.retryable:
        details |= {"retryable": True} | (
            {"retry_after": min(MAX_RETRY_AFTER, error.retry_after)} if error.retry_after else {}
        )
    return failed_outcome(attempt.node, details, input=attempt.input, stdout=_stdout(attempt))


def _stdout(attempt: Attempt) -> str | None:
    return _shown(attempt, attempt.printed.text) or None


def _shown(attempt: Attempt, text: str) -> str:
    return attempt.redactor.clean_text(to_text(text))
