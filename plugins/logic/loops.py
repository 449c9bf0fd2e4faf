"""Loops: what their group asks of the engine, which runs the nodes in it."""

from typing import Any

from engine.sdk import Loop, StepContext
from plugins.logic.values import check_list, check_whole

MAX_CONCURRENCY = 50
MAX_ITERATIONS = 10_000


async def for_each(context: StepContext, *, items: Any, concurrency: float | None) -> Loop:
    """Run the body once for each entry."""
    return Loop(
        items=check_list(items, "The list to go through", "items"),
        concurrency=check_whole(concurrency, "At the same time", "concurrency", high=MAX_CONCURRENCY),
    )


async def repeat(context: StepContext, *, until: str, max_iterations: float | None) -> Loop:
    """Run the body, and again until the expression is true."""
    times = check_whole(max_iterations, "At most", "max_iterations", high=MAX_ITERATIONS)
    return Loop(until=until, max_iterations=times)
