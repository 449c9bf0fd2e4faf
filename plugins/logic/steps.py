"""The condition: true or false and nothing between."""

import json

from engine.sdk import StepContext, StepError, Taken


async def check_condition(context: StepContext, *, expression: str) -> Taken:
    """Take the end named after the value."""
    value = await context.evaluate(expression, field="expression")
    if not isinstance(value, bool):
        gave = json.dumps(value, ensure_ascii=False)[:80]
        raise StepError(
            f"A condition must give true or false, but this gave {gave}: compare it, as in … == {gave}.",
            kind="not_a_bool",
            field="expression",
        )
    return Taken(output={"value": value}, handles=("true" if value else "false",))
