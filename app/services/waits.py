"""What a node of an execution waits for, as the one sees it who looks at it."""

from datetime import datetime
from typing import Any, TypedDict

from app.runtime import Runtime
from app.services.owners import find_owner
from engine.events import Event


class Wait(TypedDict):
    """`what` is time, request, approval, execution or retry, until `until` at the latest; an approval is decided by
    those whose e-mail addresses are in `deciders`, and a request goes to `resume_url`."""

    what: str
    until: datetime | None
    deciders: list[str]
    message: str
    resume_url: str


async def describe_wait(rt: Runtime, workflow_id: str, event: Event) -> Wait | None:
    """What the node of this event waits for; None if it doesn't."""
    if event.status == "failed" and event.resume_at:
        return Wait(what="retry", until=event.resume_at, deciders=[], message="", resume_url="")
    if event.status != "waiting":
        return None
    asked = (event.effect or {}).get("wait", {})
    shown: dict[str, Any] = event.output if isinstance(event.output, dict) else {}
    return Wait(
        what=asked.get("what", "time"),
        until=event.resume_at,
        deciders=await _find_deciders(rt, workflow_id, asked) if asked.get("what") == "approval" else [],
        message=str(shown.get("message") or ""),
        resume_url=str(shown.get("resume_url") or ""),
    )


async def _find_deciders(rt: Runtime, workflow_id: str, asked: dict[str, Any]) -> list[str]:
    return asked.get("approvers") or [(await find_owner(rt, workflow_id)).email.lower()]
