"""What an execution has become and what it needs next: two pure functions, `fold` and `decide`.

`fold` adds one event to the state; a state is its log folded from the beginning, so nothing of it has to be kept.
`decide` reads the state and says what to do now. Each does work only for what changed: a node that ends counts down
the nodes behind it, and those that have nothing left to wait for are `ready`.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from engine.events import ENDED, Event, Iteration, Status, is_taken
from engine.graph import Edge, Graph, Node, Retry

Key = tuple[str, Iteration]
MAX_RETRY_AFTER = 86_400.0
MAX_RESTARTS = 5  # a step that kills the process must not do so for ever


@dataclass(frozen=True, slots=True)
class NodeState:
    """What a node has become in one iteration."""

    status: Status
    attempt: int
    output: Any = None
    handles: tuple[str, ...] | None = None


@dataclass(slots=True)
class State:
    """An execution as its log tells it; owned by the one who folds, who changes it in place."""

    graph: Graph
    execution_id: str = ""
    seq: int = 0
    status: Status = "pending"
    started_at: datetime | None = None
    nodes: dict[Key, NodeState] = field(default_factory=dict)
    ready: dict[Key, "Due"] = field(default_factory=dict)
    running: set[Key] = field(default_factory=set)
    waiting: set[Key] = field(default_factory=set)
    restarts: int = 0  # since a node has ended
    undecided: dict[Key, int] = field(default_factory=dict)
    taken: dict[Key, int] = field(default_factory=dict)
    failure: dict[str, Any] | None = None

    @property
    def is_ended(self) -> bool:
        return self.status in ENDED


@dataclass(frozen=True, slots=True)
class Due:
    """The next attempt at a node; `at` None is at once."""

    attempt: int = 1
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StartNode:
    node_id: str
    iteration: Iteration
    attempt: int


@dataclass(frozen=True, slots=True)
class SkipNode:
    """No edge into the node was taken."""

    node_id: str
    iteration: Iteration


@dataclass(frozen=True, slots=True)
class PassNode:
    """The node is disabled: the execution goes on at all its ends as if it weren't there."""

    node_id: str
    iteration: Iteration
    handles: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class FailNode:
    """The node can't be started again."""

    node_id: str
    iteration: Iteration
    attempt: int
    error: dict[str, Any]


@dataclass(frozen=True, slots=True)
class EndExecution:
    status: Status
    result: Any = None
    error: dict[str, Any] | None = None


Command = StartNode | SkipNode | PassNode | FailNode | EndExecution


def decide(state: State, now: datetime) -> list[Command]:
    """Say what the execution needs next; the same state and moment always give the same answer."""
    if state.is_ended:
        return []
    if state.failure:
        return [] if state.running else [EndExecution("failed", error=state.failure)]
    if not (state.ready or state.running or state.waiting):
        return [EndExecution("succeeded", result=_result(state))]
    return [_next_for(state, key) for key, due in state.ready.items() if due.at is None or due.at <= now]


def next_due(state: State) -> datetime | None:
    """Return the moment of the next retry, if there is one: until then only a step that ends changes anything."""
    return min((due.at for due in state.ready.values() if due.at is not None), default=None)


def find_node(state: State, node_id: str, iteration: Iteration) -> NodeState | None:
    """Return what a node has become in an iteration, or in the nearest around it that has the node."""
    around = (iteration[:depth] for depth in range(len(iteration), -1, -1))
    return next((node for outer in around if (node := state.nodes.get((node_id, outer)))), None)


def fold(state: State, event: Event) -> State:
    """Add an event to the state that its log gave so far, and return it."""
    state.execution_id = event.execution_id
    state.seq = max(state.seq, event.seq)
    if event.node_id is None:
        _fold_execution(state, event)
    else:
        _fold_node(state, event, (event.node_id, event.iteration))
    return state


def _next_for(state: State, key: Key) -> Command:
    node, attempt = state.graph.nodes[key[0]], state.ready[key].attempt
    if state.graph.incoming[node.id] and not state.taken.get(key):
        return SkipNode(*key)
    if not node.enabled:
        return PassNode(*key, handles=_all_handles(state.graph.outgoing[node.id]))
    if (times := max(attempt - 1, state.restarts)) >= max(MAX_RESTARTS, node.retry.max_attempts):
        message = f"The step was begun {times} times and never ended: it isn't tried again."
        return FailNode(*key, attempt=attempt, error={"type": "interrupted", "message": message})
    return StartNode(*key, attempt=attempt)


def _all_handles(edges: tuple[Edge, ...]) -> tuple[str, ...] | None:
    named = dict.fromkeys(edge.handle for edge in edges if edge.handle and edge.handle != "error")
    return tuple(named) or None


def _result(state: State) -> Any:
    """The output of the node that ended the graph; of several `{id: output}`."""
    outputs = {node_id: node.output for node_id, node in _last_nodes(state)}
    return next(iter(outputs.values())) if len(outputs) == 1 else outputs


def _last_nodes(state: State) -> Iterator[tuple[str, NodeState]]:
    for id_ in state.graph.order:
        node = state.nodes.get((id_, ()))
        if node and node.status != "skipped" and not any(_takes(node, e) for e in state.graph.outgoing[id_]):
            yield id_, node


def _fold_execution(state: State, event: Event) -> None:
    """An execution that is `running` again was interrupted, and with it the steps that were running."""
    state.status = event.status
    if event.status != "running":
        return
    if state.started_at is None:
        state.started_at = event.timestamp
        state.ready[(state.graph.trigger, ())] = Due()
    else:
        state.restarts += 1
    for key in sorted(state.running):
        state.ready[key] = Due(state.nodes[key].attempt + 1)
    state.running.clear()


def _fold_node(state: State, event: Event, key: Key) -> None:
    node = state.graph.nodes[key[0]]
    state.nodes[key] = NodeState(event.status, event.attempt, event.output, event.handles)
    state.ready.pop(key, None)
    for status, keys in (("running", state.running), ("waiting", state.waiting)):
        (keys.add if event.status == status else keys.discard)(key)
    if event.status not in ENDED:
        return
    state.restarts = 0
    if event.status == "failed" and event.error:
        if at := retry_at(node.retry, event):
            state.ready[key] = Due(event.attempt + 1, at)
            return
        if node.on_error == "stop":
            state.failure = state.failure or {**event.error, "node": node.id}
            return
    _settle(state, key)


def _settle(state: State, key: Key) -> None:
    """Decide the edges out of a node that has ended, and note who has nothing left to wait for."""
    graph, node = state.graph, state.nodes[key]
    for edge in graph.outgoing[key[0]]:
        target = (edge.target, key[1])
        state.undecided[target] = state.undecided.get(target, len(graph.incoming[edge.target])) - 1
        state.taken[target] = state.taken.get(target, 0) + _takes(node, edge)
        if target not in state.nodes and _can_be_decided(graph.nodes[edge.target], state, target):
            state.ready.setdefault(target, Due())


def _can_be_decided(node: Node, state: State, key: Key) -> bool:
    return state.undecided[key] == 0 or (node.join == "any" and state.taken[key] > 0)


def _takes(node: NodeState, edge: Edge) -> bool:
    return is_taken(edge.handle, status=node.status, handles=node.handles)


def retry_at(retry: Retry, event: Event) -> datetime | None:
    """The moment of the next attempt at a step that failed, None if this was the last.

    Exponential back-off, spread by up to half so that many don't come at once.
    """
    error = event.error or {}
    if not error.get("retryable") or event.attempt >= retry.max_attempts:
        return None
    delay = min(retry.delay * retry.backoff ** min(event.attempt - 1, 100), retry.max_delay)
    spread = zlib.crc32(f"{event.execution_id}:{event.node_id}:{event.attempt}".encode()) / 2**32
    seconds = max(delay * (0.5 + spread), min(float(error.get("retry_after") or 0), MAX_RETRY_AFTER))
    return event.timestamp + timedelta(seconds=seconds)
