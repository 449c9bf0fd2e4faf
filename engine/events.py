"""What can be logged of an execution: an execution is the list of its events."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

Status = Literal["pending", "running", "waiting", "succeeded", "failed", "cancelled", "skipped"]
OPEN = ("pending", "running", "waiting")  # the others are those of what has ended
ENDED = frozenset({"succeeded", "failed", "cancelled", "skipped"})
RETRY_AT = "retry_at"
Iteration = tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One row of the log: what a node's attempt, or with `node_id` None the execution itself, has become.

    `error` is `{"type", "message"}` and, where known, `"field"`, and `"retry_at"` when another attempt follows.
    `handles` are the handles whose edges are taken; None means the edge without a handle. `stdout` is what a Code
    step printed. `effect` is what the step asked of the engine, one of `{"loop": …}`, `{"wait": …}` and `{"stop": …}`
    (see `engine.effects`), and `resume_at` when what waits is due at the latest. `files` says of `input` and `output`
    that they are previews, and where the whole is: `{"output": {…}}` (see `engine.files`). `wakes` is the execution
    that waits for this one's end; it isn't kept.
    """

    execution_id: str
    seq: int
    status: Status
    timestamp: datetime
    node_id: str | None = None
    iteration: Iteration = ()
    attempt: int = 1
    input: Any = None
    output: Any = None
    error: dict[str, Any] | None = None
    handles: tuple[str, ...] | None = None
    stdout: str | None = None
    effect: dict[str, Any] | None = None
    resume_at: datetime | None = None
    files: dict[str, Any] | None = None
    wakes: str | None = None


def is_taken(handle: str | None, *, status: Status, handles: tuple[str, ...] | None) -> bool:
    """Tell whether an edge that begins at a handle is taken, once its node has ended with these handles."""
    if status == "skipped":
        return False
    return handle in handles if handles else handle is None
