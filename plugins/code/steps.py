"""The Code step: a program in the sandbox."""

from typing import Any

from engine.sdk import StepContext


async def run_python(context: StepContext, *, code: str) -> Any:
    """Give the value of the last expression."""
    return await context.evaluate(code, field="code", is_code=True)
