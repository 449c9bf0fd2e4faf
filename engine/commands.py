"""What an execution may need next, as `engine.state.decide` says it."""

from dataclasses import dataclass
from typing import Any

from engine.events import Iteration, Status
from engine.sdk import Answer, WaitsFor


@dataclass(frozen=True, slots=True)
class StartNode:
    node_id: str
    iteration: Iteration
    attempt: int


@dataclass(frozen=True, slots=True)
class ResumeNode:
    """What the node waited for has come, or its time is over; `seq` is of the event with which it began to wait."""

    node_id: str
    iteration: Iteration
    attempt: int
    seq: int
    what: WaitsFor
    answer: Answer


@dataclass(frozen=True, slots=True)
class SkipNode:
    """No edge into the node was taken."""

    node_id: str
    iteration: Iteration


@dataclass(frozen=True, slots=True)
class PassNode:
    """The node isn't run: it is disabled and the execution goes on at all its ends, or its output is pinned."""

    node_id: str
    iteration: Iteration
    handles: tuple[str, ...] | None = None
    output: Any = None


@dataclass(frozen=True, slots=True)
class FailNode:
    """The node can't be started again, or an iteration of the group has failed."""

    node_id: str
    iteration: Iteration
    attempt: int
    error: dict[str, Any]


@dataclass(frozen=True, slots=True)
class CancelNode:
    """The node waits, or its body runs, and nobody needs it any more."""

    node_id: str
    iteration: Iteration
    attempt: int


@dataclass(frozen=True, slots=True)
class CheckLoop:
    """An iteration of the group has ended, and its `until` says whether it was the last."""

    node_id: str
    iteration: Iteration
    attempt: int
    index: int
    until: str


@dataclass(frozen=True, slots=True)
class EndLoop:
    """All iterations of the group have ended."""

    node_id: str
    iteration: Iteration
    attempt: int
    output: Any


@dataclass(frozen=True, slots=True)
class EndExecution:
    status: Status
    result: Any = None
    error: dict[str, Any] | None = None


Command = StartNode | ResumeNode | SkipNode | PassNode | FailNode | CancelNode | CheckLoop | EndLoop | EndExecution
