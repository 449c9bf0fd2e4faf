"""How far an execution is: the data that `engine.state` folds from its log and decides by."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from engine.commands import EndExecution
from engine.events import ENDED, Event, Iteration, Status
from engine.graph import Graph
from engine.sdk import Answer, WaitsFor
from engine.stored import stored_from

Key = tuple[str, Iteration]


@dataclass(frozen=True, slots=True)
class NodeState:
    """What a node has become in one iteration."""

    status: Status
    attempt: int
    output: Any = None
    handles: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """The next attempt at a node; `at` None is at once."""

    attempt: int = 1
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a node waits for since the event `seq`, and until when; `child` is the execution whose end it is."""

    seq: int
    what: WaitsFor
    until: datetime | None
    child: str | None = None


@dataclass(slots=True)
class Loop:
    """A group that runs: what it goes through, and how far it is.

    `open` counts the nodes that have not ended, for each iteration that runs.
    """

    count: int
    concurrency: int
    items: Any = None
    until: str | None = None
    started: int = 0
    open: dict[int, int] = field(default_factory=dict)
    results: dict[int, Any] = field(default_factory=dict)
    failure: dict[str, Any] | None = None
    failed_by: int = 0  # the number of the event


@dataclass(frozen=True, slots=True)
class Cause:
    """Why an execution ends before all of its nodes have: a failure or a stop, in the event `seq`."""

    seq: int
    end: EndExecution


@dataclass(slots=True)
class State:
    """An execution as its log tells it; owned by the one who folds, who changes it in place.

    `is_test` says that pinned outputs are taken, `is_cancelled` that somebody asked for its end, perhaps for a
    `reason`, and `answers` what has come for those that wait, by `Waiting.seq`: these four don't come from the log.
    """

    graph: Graph
    execution_id: str = ""
    is_test: bool = False
    is_cancelled: bool = False
    reason: dict[str, Any] | None = None
    answers: dict[int, Answer] = field(default_factory=dict)
    seq: int = 0
    status: Status = "pending"
    started_at: datetime | None = None
    open: int = 0  # nodes of the workflow's own body that have begun or can, and have not ended
    nodes: dict[Key, NodeState] = field(default_factory=dict)
    ready: dict[Key, Due] = field(default_factory=dict)
    running: set[Key] = field(default_factory=set)
    waiting: dict[Key, Waiting] = field(default_factory=dict)
    children: dict[Key, str] = field(default_factory=dict)  # the executions that nodes wait for
    abandoned: set[Key] = field(default_factory=set)  # those that waited in a loop that fails
    loops: dict[Key, Loop] = field(default_factory=dict)
    to_check: dict[Key, int] = field(default_factory=dict)  # the iteration after which `until` is to be evaluated
    to_end: set[Key] = field(default_factory=set)  # loops
    failing: set[Key] = field(default_factory=set)  # loops, until what runs in them has ended
    restarts: int = 0  # since a node has ended
    interrupted: dict[Key, int] = field(default_factory=dict)  # how often, since an attempt at the node has ended
    undecided: dict[Key, int] = field(default_factory=dict)
    taken: dict[Key, int] = field(default_factory=dict)
    cause: Cause | None = None

    @property
    def is_ended(self) -> bool:
        return self.status in ENDED

    def loop_of(self, key: Key) -> Key | None:
        """The loop in whose body a node runs."""
        parent = self.graph.nodes[key[0]].parent
        return None if parent is None else (parent, key[1][:-1])

    def loops_around(self, key: Key) -> Iterator[Key]:
        """The loops that a node is in, from the inside out."""
        around = self.loop_of(key)
        while around is not None:
            yield around
            around = self.loop_of(around)

    def is_in(self, key: Key, loop: Key) -> bool:
        """Tell whether a node runs in a loop, at whatever depth."""
        return len(key[1]) > len(loop[1]) and loop in self.loops_around(key)


def find_node(state: State, node_id: str, iteration: Iteration) -> NodeState | None:
    """Return what a node has become in an iteration, or in the nearest around it that has the node."""
    around = (iteration[:depth] for depth in range(len(iteration), -1, -1))
    return next((node for outer in around if (node := state.nodes.get((node_id, outer)))), None)


def value_of(event: Event) -> Any:
    """What a node gave: the value, or where it is stored if it is large."""
    is_stored = event.files and "output" in event.files
    return stored_from(event.files["output"], event.output) if is_stored else event.output  # type: ignore[index]
