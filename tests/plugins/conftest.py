"""Runs a built-in step the way the engine does: its form filled, its context real, only other people's HTTP faked."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from engine.attempt import Attempt, Outcome, Tools, make_attempt
from engine.clock import SystemClock
from engine.files import FolderFiles
from engine.graph import Node
from engine.models import Execution
from engine.outside import Nothing, Outside
from engine.sandbox import Sandbox
from engine.sdk import StepContext, steps_by_action
from engine.stored import stored_from
from engine.work import run_step
from plugins import load_plugins

STEPS = steps_by_action(load_plugins())
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
Handler = Callable[[httpx.Request], httpx.Response]


def refuse(request: httpx.Request) -> httpx.Response:
    raise AssertionError(f"no request was expected, but {request.url} came")


class StillClock(SystemClock):
    """It is always NOW."""

    def now(self) -> datetime:
        return NOW


class Bench:
    """Makes attempts at single steps."""

    def __init__(self, sandbox: Sandbox, files: FolderFiles) -> None:
        self.sandbox = sandbox
        self.files = files
        self.answer: Handler = refuse
        self.outside: Outside = Nothing()
        self.steps = STEPS

    async def run(
        self, action: str, inputs: dict[str, Any], *, names: dict[str, Any] | None = None, trigger_input: Any = None
    ) -> Outcome:
        node = Node(id="a", type="action", action=action, label="A", inputs=inputs)
        http = httpx.AsyncClient(transport=httpx.MockTransport(self.answer))
        attempt = Attempt(
            node=node,
            names=names or {},
            execution=Execution(workflow_id="wf_1", definition={}, input=trigger_input),
            idempotency_key="ex:a:",
            on_start=lambda _, __: None,
        )
        async with http:
            tools = Tools(
                steps=self.steps,
                http=http,
                sandbox=self.sandbox,
                files=self.files,
                clock=StillClock(),
                outside=self.outside,
            )
            return await make_attempt(attempt, tools, run_step)

    async def output(self, action: str, inputs: dict[str, Any], **what: Any) -> Any:
        outcome = await self.run(action, inputs, **what)
        assert outcome.error is None
        if outcome.files and "output" in outcome.files:
            return await self.files.read_all(stored_from(outcome.files["output"]))
        return outcome.output

    async def asked(self, action: str, inputs: dict[str, Any], **what: Any) -> Any:
        """What the step itself returns, such as a Wait: what it asks of the engine."""
        step, returned = STEPS[action], []

        async def run(context: StepContext, **given: Any) -> None:
            returned.append(await step.run(context, **given))

        self.steps = {**STEPS, action: replace(step, run=run)}
        await self.output(action, inputs, **what)
        return returned[0]

    async def error(self, action: str, inputs: dict[str, Any], **what: Any) -> dict[str, Any]:
        outcome = await self.run(action, inputs, **what)
        assert outcome.error is not None
        return outcome.error


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    sandbox = Sandbox()
    yield Bench(sandbox, FolderFiles(tmp_path))
    await sandbox.close()
