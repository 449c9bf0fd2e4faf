"""Steps that go beyond their execution: another workflow is run, or this one is ended."""

from typing import Any, Literal

from engine.sdk import Answer, StepContext, StepError, Stop, Wait

FAILED = "workflow_failed"


async def run_workflow(context: StepContext, *, workflow: Any, input: Any, wait: bool) -> Any:
    """Start another workflow; wait for its end, or give its execution's id."""
    if not isinstance(workflow, str) or not workflow.strip():
        raise StepError("Workflow must be the id of a workflow, as in its page's address.", field="workflow")
    if not isinstance(input, dict):
        raise StepError('The input of a workflow must be an object, such as {"name": "Ada"}.', field="input")
    child = await context.start_workflow(workflow.strip(), input)
    shown = {"execution_id": child}
    return Wait(what="execution", child=child, shown=shown) if wait else shown


def end_run_workflow(answer: Answer) -> Any:
    """Give the result of the execution, or the reason why it, or one that it ran, has failed."""
    child = answer.value
    if child["status"] == "succeeded":
        return child["result"]
    error = child.get("error") or {}
    message = error.get("message") or "The workflow that this step ran failed."
    if error.get("type") != FAILED:  # else it says already where it began
        message += f" (In execution {child['id']}.)"
    raise StepError(message, kind=FAILED, retryable=True)


async def stop(context: StepContext, *, status: Literal["succeeded", "failed"], message: Any, result: Any) -> Stop:
    """End the whole execution here."""
    said = message if isinstance(message, str) and message.strip() else ""
    if status == "failed" and not said:
        said = "The workflow ended itself as failed."
    return Stop(status=status, result=result, message=said)
