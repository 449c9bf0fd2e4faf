"""Loops: what their group asks of the engine, which runs the nodes in it."""

from typing import Any

from engine.sdk import Loop, StepContext
from plugins.logic.values import check_list

MAX_CONCURRENCY = 50
MAX_ITERATIONS = 10_000


async def for_each(context: StepContext, *, items: Any, concurrency: int) -> Loop:
    """Run the body once for each entry."""
    return Loop(items=check_list(items, "The list to go through", "items"), concurrency=concurrency)


async def repeat(context: StepContext, *, until: str, max_iterations: int) -> Loop:
    """Run the body, and again until the expression is true."""
    return Loop(until=until, max_iterations=max_iterations)
