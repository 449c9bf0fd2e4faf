"""Runs a built-in step the way the engine does: its form filled, its context real, only other people's HTTP faked."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from engine.attempt import Attempt, Outcome, Tools, make_attempt
from engine.graph import Node
from engine.models import Execution
from engine.sandbox import Sandbox
from engine.sdk import steps_by_action
from plugins import load_plugins

STEPS = steps_by_action(load_plugins())
Handler = Callable[[httpx.Request], httpx.Response]


def refuse(request: httpx.Request) -> httpx.Response:
    raise AssertionError(f"no request was expected, but {request.url} came")


class Bench:
    """Makes attempts at single steps."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.answer: Handler = refuse

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
            on_start=lambda _: None,
        )
        async with http:
            return await make_attempt(attempt, Tools(steps=STEPS, http=http, sandbox=self.sandbox))

    async def output(self, action: str, inputs: dict[str, Any], **what: Any) -> Any:
        outcome = await self.run(action, inputs, **what)
        assert outcome.error is None
        return outcome.output

    async def error(self, action: str, inputs: dict[str, Any], **what: Any) -> dict[str, Any]:
        outcome = await self.run(action, inputs, **what)
        assert outcome.error is not None
        return outcome.error


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    sandbox = Sandbox()
    yield Bench(sandbox)
    await sandbox.close()
