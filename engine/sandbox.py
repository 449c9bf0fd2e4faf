"""The only door to Monty, the interpreter in which everything runs that people write.

It lives in worker processes with limits on time and memory, sees the values it is given and nothing else, and a
worker that dies is replaced. The processes start with the first use.
"""

import asyncio
import os
import re
import signal
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from threading import Lock
from typing import Any, Literal

from pydantic_monty import Monty, MontyCrashedError, MontyError, MontyRuntimeError, MontySession, MontySyntaxError

from engine.feeding import feed_large
from engine.json_values import NotJson, Room, to_json
from engine.models import utc_now
from engine.syntax import is_about_digits

MIB = 1024 * 1024
MAX_STDOUT = 64 * 1024
MAX_CALLS = 100_000
MAX_USES = 10_000  # of a worker process, so that none grows old
MAX_MESSAGE = 2_000
_OPAQUE = re.compile(
    r"<.{1,200} at 0x[0-9a-f]+>|<(class|module) '[\w.]+'>|<coroutine object \w+>|<re\.Match object; span=.*>"
    r"|range\(-?\d+, -?\d+(, -?\d+)?\)|dict_(keys|values|items)\(.*\)",
    re.S,
)
_UNSUPPORTED = re.compile(r"The monty syntax parser does not yet support (.{1,200})", re.S)
_BAD_EXCEPTION = "Internal error in monty: exceptions can only be called with zero or one string argument"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one use may take; code has worker processes of its own, so that no expression waits for it."""

    seconds: float
    mebibytes: int
    is_code: bool = False


EXPRESSION = Limits(seconds=1.0, mebibytes=64)
CODE = Limits(seconds=10.0, mebibytes=128, is_code=True)


class SandboxError(Exception):
    """What ran in the sandbox failed: the kind of exception, its message, the lines of its calls, outermost first."""

    def __init__(self, kind: str, message: str, lines: Sequence[int] = ()) -> None:
        super().__init__(f"{kind}: {message}" if message else kind)
        self.kind = kind
        self.message = message
        self.lines = lines


class Printed:
    """Keeps the first part of what is printed and counts the rest."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._kept = self._dropped = 0

    def __call__(self, stream: Literal["stdout", "stderr"], text: str) -> None:
        part = text[: MAX_STDOUT - self._kept]
        self._parts.append(part)
        self._kept += len(part)
        self._dropped += len(text) - len(part)

    @property
    def text(self) -> str:
        rest = f"\n… and {self._dropped:,} more characters" if self._dropped else ""
        return "".join(self._parts) + rest


class Sandbox:
    """Runs Python in at most two worker processes for expressions and two for code."""

    def __init__(self, *, processes: int = 2, now: Callable[[], datetime] = utc_now) -> None:
        functions = {"now": lambda: now().astimezone(UTC), "uuid": lambda: str(uuid.uuid4())}
        self._expressions = _Pool("expressions", processes, functions)
        self._code = _Pool("code", processes, functions)

    async def run(self, source: str, values: Mapping[str, Any], limits: Limits, printed: Printed | None = None) -> Any:
        """Return the last value of the source as JSON; raise SandboxError. What it prints is added to `printed`.

        When it is cancelled, what runs is interrupted at once.
        """
        pool = self._code if limits.is_code else self._expressions
        (value,) = await pool.run(source, values, ({},), limits, printed or Printed())
        return value

    async def run_each(
        self, source: str, values: Mapping[str, Any], batches: Iterable[Mapping[str, Any]], limits: Limits
    ) -> list[Any]:
        """Return what the source gives for each batch of further values; the limits are those of one batch."""
        return await self._expressions.run(source, values, batches, limits, Printed())

    async def close(self) -> None:
        """End the worker processes."""
        await self._expressions.close()
        await self._code.close()


class _Pool:
    """Worker processes, each served by a thread of ours; they start with the first use."""

    def __init__(self, name: str, processes: int, functions: Mapping[str, Callable[[], Any]]) -> None:
        self._processes = processes
        self._functions = dict(functions)
        self._threads = ThreadPoolExecutor(processes, thread_name_prefix=name)
        self._monty: Monty | None = None
        self._starting = Lock()

    async def run(
        self,
        source: str,
        values: Mapping[str, Any],
        batches: Iterable[Mapping[str, Any]],
        limits: Limits,
        printed: Printed,
    ) -> list[Any]:
        turn = _Turn()
        work = partial(self._work, turn, source, values, batches, limits, printed)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except asyncio.CancelledError:
            turn.interrupt()
            raise

    async def close(self) -> None:
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)
        if self._monty is not None:
            self._monty.__exit__(None, None, None)
            self._monty = None

    def _work(
        self,
        turn: "_Turn",
        source: str,
        values: Mapping[str, Any],
        batches: Iterable[Mapping[str, Any]],
        limits: Limits,
        printed: Printed,
    ) -> list[Any]:
        run = partial(MontySession.feed_run, external_lookup=self._functions, print_callback=printed)
        try:
            with self._open().checkout(limits=_limits(limits)) as session, turn.hold(session.worker_pid):
                small = feed_large(session, values)
                room = Room()
                return [_checked(run(session, source, inputs=small | dict(batch)), room) for batch in batches]
        except MontyError as error:
            raise _explain(error, limits) from None
        except (RecursionError, UnicodeError, MemoryError) as error:
            raise SandboxError(type(error).__name__, "a value is nested too deeply or can't be passed on") from None

    def _open(self) -> Monty:
        with self._starting:
            if self._monty is None:
                monty = Monty(min_processes=1, max_processes=self._processes, max_checkouts_per_worker=MAX_USES)
                self._monty = monty.__enter__()
            return self._monty


class _Turn:
    """One use of a worker process, which can be interrupted only as long as it lasts."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._pid: int | None = None
        self._is_interrupted = False

    @contextmanager
    def hold(self, pid: int | None) -> Iterator[None]:
        with self._lock:
            if self._is_interrupted:
                raise SandboxError("Cancelled", "it was cancelled")
            self._pid = pid
        try:
            yield
        finally:
            with self._lock:
                self._pid = None

    def interrupt(self) -> None:
        """Kill the worker process; the pool replaces it."""
        with self._lock:
            self._is_interrupted = True
            if self._pid is not None:
                os.kill(self._pid, signal.SIGKILL)


def _limits(limits: Limits) -> Any:
    return {
        "max_feed_duration_secs": limits.seconds,
        "max_total_sleep_secs": 0.99 * limits.seconds,  # Monty cuts a sleep to 10 s, which isn't to pass as its end
        "max_memory": limits.mebibytes * MIB,
        "max_suspensions": MAX_CALLS,
    }


def _explain(error: MontyError, limits: Limits) -> SandboxError:
    kind, _, message = str(error).partition(": ")
    lines = (
        [frame.line for frame in error.traceback()] if isinstance(error, MontyRuntimeError | MontySyntaxError) else []
    )
    if isinstance(error, MontyCrashedError):
        return SandboxError("Crashed", "the interpreter gave up: it was too much work or too much data")
    if kind == "TimeoutError" and "limit" in message:
        what = "code" if limits.is_code else "expression"
        return SandboxError(kind, f"the {what} took longer than its limit of {limits.seconds:g} s", lines)
    if kind == "MemoryError":
        return SandboxError(kind, f"it needs more than {limits.mebibytes} MiB of memory: take less at a time", lines)
    if found := _UNSUPPORTED.fullmatch(message):
        return SandboxError("SyntaxError", f"{found[1]}: not supported here", lines)
    if message == _BAD_EXCEPTION:
        return SandboxError(kind, "an exception takes one text and nothing else, as in ValueError('why')", lines)
    if is_about_digits(message):
        return SandboxError(kind, "the number is too long: 4,300 digits at most", lines)
    if kind == "RuntimeError" and message.startswith("suspension limit"):
        return SandboxError(kind, f"it calls now() and uuid() more than {MAX_CALLS:,} times", lines)
    return SandboxError(kind, message[:MAX_MESSAGE], lines)


def _checked(value: Any, room: Room) -> Any:
    """Return the value as JSON; Monty hands over what it can't convert as text such as `<function … at 0xc>`."""
    for text in value if isinstance(value, list) else [value]:
        if isinstance(text, str) and _OPAQUE.fullmatch(text):
            raise SandboxError("TypeError", f"the value is {text[:60]}: make it a list, an object, text or a number")
    try:
        return to_json(value, room)
    except NotJson as error:
        raise SandboxError("TypeError", f"the value {error}") from None
