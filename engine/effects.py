"""What a step may ask of the engine besides keeping its output, as the log has it in `Event.effect`.

`{"loop": {"count", "concurrency", "until"?}}`: the group's body runs up to `count` times; the output is its items.
`{"check": {"index", "is_last"}}`: what a repeat's `until` said after an iteration.
`{"wait": {"what", "approvers"?, "token_hash"?, "child"?}}`: the step goes on when that comes, or at `resume_at`.
`{"stop": {"status", "message"}}`: the execution ends, with the output as its result.
"""

import hashlib
import secrets
from typing import Any

from engine.sdk import Loop, Stop, Wait


def loop_effect(loop: Loop) -> dict[str, Any]:
    """Say how a loop goes."""
    if loop.items is not None:
        return {"loop": {"count": len(loop.items), "concurrency": loop.concurrency}}
    return {"loop": {"count": loop.max_iterations, "concurrency": 1, "until": loop.until}}


def stop_effect(stop: Stop) -> dict[str, Any]:
    """Say how the execution ends."""
    return {"stop": {"status": stop.status, "message": stop.message}}


def wait_effect(wait: Wait, token: str | None) -> dict[str, Any]:
    """Say what is waited for."""
    said: dict[str, Any] = {"what": wait.what}
    if wait.what == "approval":
        said["approvers"] = list(wait.approvers)
    if token:
        said["token_hash"] = hash_token(token)
    if wait.child:
        said["child"] = wait.child
    return {"wait": said}


def new_token() -> str:
    """An unguessable token for the URL at which a request is waited for."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """What the database keeps of a token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
