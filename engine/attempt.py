"""An attempt at a node: whatever goes wrong in it becomes an outcome that can be kept."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from engine.clock import Clock, SystemClock
from engine.errors import StepError
from engine.events import Status
from engine.files import Files
from engine.forms import Forms
from engine.graph import Node
from engine.json_values import to_text
from engine.models import Execution
from engine.outside import Nothing, Outside
from engine.redact import Redactor
from engine.sandbox import Printed, Sandbox
from engine.sdk import Step
from engine.state import MAX_RETRY_AFTER

MAX_MESSAGE = 4_000
NO_SECRETS = Redactor(())
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What all attempts share."""

    steps: Mapping[str, Step]
    http: httpx.AsyncClient
    sandbox: Sandbox
    files: Files
    clock: Clock = field(default_factory=SystemClock)
    outside: Outside = field(default_factory=Nothing)
    forms: Forms = field(default_factory=Forms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How an attempt ended, or what it waits for; nothing in it is secret. The fields are those of an event."""

    status: Status
    input: Any = None
    output: Any = None
    error: dict[str, Any] | None = None
    handles: tuple[str, ...] | None = None
    stdout: str | None = None
    effect: dict[str, Any] | None = None
    resume_at: Any = None
    files: dict[str, Any] | None = None


@dataclass(slots=True, kw_only=True)
class Attempt:
    """An attempt while it lasts; `on_start` is called with the input, or its preview and file, once it is known."""

    execution: Execution
    node: Node
    names: Mapping[str, Any]
    idempotency_key: str
    on_start: Callable[[Any, dict[str, Any] | None], None]
    input: Any = None
    files: dict[str, Any] = field(default_factory=dict)
    printed: Printed = field(default_factory=Printed)
    redactor: Redactor = NO_SECRETS


Work = Callable[[Attempt, Tools], Awaitable[Outcome]]


async def make_attempt(attempt: Attempt, tools: Tools, work: Work) -> Outcome:
    """Do the work; whatever goes wrong is an outcome, too."""
    try:
        async with asyncio.timeout(attempt.node.timeout) as limit:
            return await work(attempt, tools)
    except StepError as error:
        return _failed(attempt, error)
    except TimeoutError:
        if limit.expired():
            message = f"The step took longer than its time limit of {attempt.node.timeout:g} s."
            return _failed(attempt, StepError(message, kind="timeout", retryable=True))
        log.exception("A time limit inside step %s was not handled", attempt.idempotency_key)
    except BaseException as error:  # the sandbox's panic isn't an Exception
        if _is_for_all(error):
            raise
        log.exception("Step %s failed", attempt.idempotency_key)
    return _failed(
        attempt, StepError("An internal error happened in this step; the server's log has it.", kind="internal")
    )


def _is_for_all(error: BaseException) -> bool:
    """Tell whether something outside wants the attempt, or the process, to end."""
    task = asyncio.current_task()
    is_cancelled = isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling() > 0
    return is_cancelled or isinstance(error, KeyboardInterrupt | GeneratorExit)


def failed_outcome(node: Node, error: dict[str, Any], **known: Any) -> Outcome:
    """Make of a failure what the node's `on_error` says: who goes on after it sees the error as its output."""
    shown = {"type": error["type"], "message": error["message"]}
    return Outcome(
        status="failed",
        output=None if node.on_error == "stop" else {"error": shown},
        error=error,
        handles=("error",) if node.on_error == "branch" else None,
        **known,
    )


def _failed(attempt: Attempt, error: StepError) -> Outcome:
    details: dict[str, Any] = {"type": error.kind, "message": _shown(attempt, error.message)[:MAX_MESSAGE]}
    if error.field:
        details["field"] = error.field
    if error.retryable:
        details["retryable"] = True
        if (seconds := error.retry_after or 0) > 0:  # NaN isn't
            details["retry_after"] = min(MAX_RETRY_AFTER, seconds)
    known = {"input": attempt.input, "stdout": stdout_of(attempt), "files": attempt.files or None}
    return failed_outcome(attempt.node, details, **known)


def stdout_of(attempt: Attempt) -> str | None:
    """What it has printed, without secrets."""
    return _shown(attempt, attempt.printed.text) or None


def _shown(attempt: Attempt, text: str) -> str:
    return attempt.redactor.clean_text(to_text(text))
