"""Builds small workflows for the tests: `workflow(node("a"), …, edges="lead>a a>b:true")`."""

import asyncio
from typing import Any

from engine.sdk import Field, Option, Plugin, StepContext, StepError, Taken, step, steps_by_action


async def start(context: StepContext) -> Any:
    return context.trigger_input


async def echo(context: StepContext, *, value: Any) -> Any:
    return value


async def check(context: StepContext, *, expression: str) -> Taken:
    value = await context.evaluate(expression, field="expression")
    return Taken(output={"value": value}, handles=("true" if value else "false",))


async def code(context: StepContext, *, code: str) -> Any:
    return await context.evaluate(code, field="code", is_code=True)


async def fail(context: StepContext, *, message: str) -> Any:
    raise StepError(message)


async def flaky(context: StepContext, *, failures: float, attempt: float, value: Any) -> Any:
    """Fail the first attempts: `attempt` is `{{ execution.attempt }}`."""
    if attempt <= failures:
        raise StepError("No luck.", retryable=True)
    return value


async def slow(context: StepContext, *, turns: float, value: Any) -> Any:
    """Let others go first, so many times."""
    for _ in range(int(turns)):
        await asyncio.sleep(0)
    return value


async def reach(context: StepContext, *, index: float, last: float) -> bool:
    return index >= last


async def sleep(context: StepContext) -> None:
    await asyncio.Event().wait()


METHODS = (Option(value="GET", label="GET"), Option(value="POST", label="POST"))
PLUGIN = Plugin(
    name="test",
    display_name="Test",
    description="Steps for tests.",
    steps=(
        step(start, name="start", label="Start", description="", node_type="trigger"),
        step(echo, name="echo", label="Echo", description="", fields=(Field(name="value", label="Value"),)),
        step(
            check,
            name="check",
            label="Check",
            description="",
            node_type="condition",
            handles=("true", "false"),
            fields=(Field(name="expression", label="Condition", kind="expression", required=True, binding="source"),),
        ),
        step(
            code,
            name="code",
            label="Code",
            description="",
            fields=(Field(name="code", label="Code", kind="code", required=True, binding="source"),),
        ),
        step(fail, name="fail", label="Fail", description="", fields=(Field(name="message", label="Message"),)),
        step(
            flaky,
            name="flaky",
            label="Flaky",
            description="",
            fields=(
                Field(name="failures", label="Failures", kind="number", required=True),
                Field(name="attempt", label="Attempt", kind="number", required=True),
                Field(name="value", label="Value", kind="json", allows_text=True),
            ),
        ),
        step(
            slow,
            name="slow",
            label="Slow",
            description="",
            fields=(
                Field(name="turns", label="Turns", kind="number", required=True),
                Field(name="value", label="Value", kind="json", allows_text=True),
            ),
        ),
        step(
            reach,
            name="reach",
            label="Reach",
            description="",
            fields=(
                Field(name="index", label="Index", kind="number", required=True),
                Field(name="last", label="Last", kind="number", required=True),
            ),
        ),
        step(sleep, name="sleep", label="Sleep", description=""),
    ),
)
STEPS = steps_by_action([PLUGIN])
TYPES = {
    "test/start": "trigger",
    "test/check": "condition",
    "logic/condition": "condition",
    "logic/for-each": "group",
    "logic/repeat": "group",
}


def node(
    id_: str,
    action: str = "test/echo",
    *,
    inputs: dict[str, Any] | None = None,
    parent: str | None = None,
    **settings: Any,
) -> dict[str, Any]:
    data = {"label": id_.replace("_", " ").title(), "action": action, "inputs": inputs or {}, **settings}
    made = {"id": id_, "type": TYPES.get(action, "action"), "position": {"x": 0, "y": 0}, "data": data}
    return {**made, "parentId": parent} if parent else made


def workflow(*nodes: dict[str, Any], edges: str = "") -> dict[str, Any]:
    """A workflow that begins with the trigger `lead`; an edge is written `source>target` or `source>target:handle`."""
    return {
        "name": "Test",
        "description": "",
        "nodes": [node("lead", "test/start"), *nodes],
        "edges": [_edge(text) for text in edges.split()],
    }


def _edge(text: str) -> dict[str, Any]:
    ends, _, handle = text.partition(":")
    source, _, target = ends.partition(">")
    edge = {"id": text, "source": source, "target": target}
    return {**edge, "sourceHandle": handle} if handle else edge
