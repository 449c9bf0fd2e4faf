"""What an execution has become and what it needs next: two pure functions, `fold` and `decide`.

`fold` adds one event to the state; a state is its log folded from the beginning, so nothing of it has to be kept.
`decide` reads the state and says what to do now. Each does work only for what changed: a node that ends counts down
the nodes behind it, and those that have nothing left to wait for are `ready`.
"""

import zlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from engine import loops
from engine.commands import (
    CancelNode,
    CheckLoop,
    Command,
    EndExecution,
    EndLoop,
    FailNode,
    PassNode,
    ResumeNode,
    SkipNode,
    StartNode,
)
from engine.events import Event
from engine.graph import NOT_PINNED, Edge, Node, Retry
from engine.progress import Cause, Due, Key, NodeState, State, Waiting, value_of
from engine.sdk import Answer

MAX_RETRY_AFTER = 86_400.0
MAX_RESTARTS = 5  # a step that kills the process must not do so for ever
_ABOUT_RETRY = ("retryable", "retry_after")
CANCELLED = {"type": "cancelled", "message": "The execution was cancelled."}


def decide(state: State, now: datetime) -> list[Command]:
    """Say what the execution needs next; the same state and moment always give the same answer."""
    if state.is_ended:
        return []
    if state.is_cancelled or state.cause or not state.open:
        return _ending(state)
    return [*_next_nodes(state, now), *_next_for_loops(state)]


def next_due(state: State) -> datetime | None:
    """Return the next moment that changes anything by itself: a retry, or the end of a wait."""
    retries = (due.at for due in state.ready.values() if due.at)
    waits = (waiting.until for waiting in state.waiting.values() if waiting.until)
    return min((*retries, *waits), default=None)


def fold(state: State, event: Event) -> State:
    """Add an event to the state that its log gave so far, and return it."""
    state.execution_id = event.execution_id
    state.seq = max(state.seq, event.seq)
    if event.node_id is None:
        _fold_execution(state, event)
    else:
        _fold_node(state, event, (event.node_id, event.iteration))
    return state


def mark_running(state: State, key: Key, attempt: int) -> None:
    """Note that an attempt has begun, which need not be known after a crash."""
    _unmark(state, key)
    state.nodes[key] = NodeState("running", attempt)
    state.running.add(key)


def _ending(state: State) -> list[Command]:
    """Nothing new starts; what runs may finish, unless it was cancelled; what waits waits in vain."""
    begun = (key for key in state.ready if key in state.nodes)  # they wait for another attempt
    left = [*state.waiting, *begun, *_abandoned(state), *(state.running if state.is_cancelled else ())]
    if left:
        return [_cancel(state, key) for key in dict.fromkeys(left)]
    if state.running:
        return []
    return [_cancel(state, key) for key in state.loops] or [_end(state)]


def _end(state: State) -> EndExecution:
    if state.is_cancelled:
        return EndExecution("cancelled", error=state.reason or CANCELLED)
    if state.cause:
        return state.cause.end
    return EndExecution("succeeded", result=loops.result_of(state, None, ()))


def _next_nodes(state: State, now: datetime) -> Iterator[Command]:
    for key, due in state.ready.items():
        if due.at is None or due.at <= now:
            yield _next_for(state, key, due.attempt)
    for key, waiting in state.waiting.items():
        if answer := _answer_to(state, waiting, now):
            yield ResumeNode(*key, state.nodes[key].attempt, waiting.seq, waiting.what, answer)
    for key in _abandoned(state):
        yield _cancel(state, key)


def _next_for_loops(state: State) -> Iterator[Command]:
    for key, index in state.to_check.items():
        yield CheckLoop(*key, state.nodes[key].attempt, index, until=state.loops[key].until or "")
    for key in state.to_end:
        yield EndLoop(*key, state.nodes[key].attempt, loops.output_of(state.loops[key]))
    for key in state.failing:
        if loops.has_stopped(state, key):
            yield FailNode(*key, state.nodes[key].attempt, state.loops[key].failure or {})


def _next_for(state: State, key: Key, attempt: int) -> Command:
    node = state.graph.nodes[key[0]]
    if state.graph.incoming[node.id] and not state.taken.get(key):
        return SkipNode(*key)
    if not node.enabled:
        return PassNode(*key, handles=_all_handles(state.graph.outgoing[node.id]))
    if state.is_test and _is_pinned(node, state.graph.outgoing[node.id]):
        return PassNode(*key, output=node.pinned)
    if (times := max(state.interrupted.get(key, 0), state.restarts)) >= max(MAX_RESTARTS, node.retry.max_attempts):
        message = f"The step was begun {times} times and never ended: it isn't tried again."
        return FailNode(*key, attempt=attempt, error={"type": "interrupted", "message": message})
    return StartNode(*key, attempt=attempt)


def _is_pinned(node: Node, edges: tuple[Edge, ...]) -> bool:
    """A node that chooses among its ends has to run, to choose."""
    return node.pinned is not NOT_PINNED and _all_handles(edges) is None


def _answer_to(state: State, waiting: Waiting, now: datetime) -> Answer | None:
    if answer := state.answers.get(waiting.seq):
        return answer
    return Answer(what="time", at=now) if waiting.until and waiting.until <= now else None


def _abandoned(state: State) -> list[Key]:
    """Those that wait in vain, and loops in which nothing runs any more."""
    return [key for key in sorted(state.abandoned) if loops.has_stopped(state, key)]


def _cancel(state: State, key: Key) -> CancelNode:
    return CancelNode(*key, attempt=state.nodes[key].attempt)


def _all_handles(edges: tuple[Edge, ...]) -> tuple[str, ...] | None:
    named = dict.fromkeys(edge.handle for edge in edges if edge.handle and edge.handle != "error")
    return tuple(named) or None


def _fold_execution(state: State, event: Event) -> None:
    """An execution that runs again without having waited was interrupted, and with it the steps that were running."""
    was_waiting, state.status = state.status == "waiting", event.status
    if event.status != "running" or was_waiting:
        return
    if state.started_at is None:
        state.started_at = event.timestamp
        _begin(state)
    else:
        state.restarts += 1
    for key in sorted(state.running):
        state.interrupted[key] = state.interrupted.get(key, 0) + 1
        _begin_later(state, key, Due(state.nodes[key].attempt + 1))
    state.running.clear()


def _begin(state: State) -> None:
    trigger = (state.graph.trigger, ())
    if trigger not in state.nodes:  # a retry begins with what it takes over
        state.ready[trigger] = Due()
        loops.open_node(state, trigger)


def _begin_later(state: State, key: Key, due: Due) -> None:
    if loops.is_failing_around(state, key):
        state.abandoned.add(key)
    else:
        state.ready[key] = due


def _fold_node(state: State, event: Event, key: Key) -> None:
    node, effect = state.graph.nodes[key[0]], event.effect or {}
    _unmark(state, key)
    if "check" in effect and not loops.is_failing_around(state, key):
        loops.check(state, key, event)
        return
    if key not in state.nodes and key == (state.graph.trigger, ()) and state.started_at is None:
        loops.open_node(state, key)
    state.nodes[key] = NodeState(event.status, event.attempt, value_of(event), event.handles)
    if child := effect.get("wait", {}).get("child"):
        state.children[key] = child
    match event.status:
        case "waiting" | "running" if effect and loops.is_failing_around(state, key):
            state.abandoned.add(key)
        case "waiting":
            wait = effect["wait"]
            state.waiting[key] = Waiting(event.seq, wait["what"], event.resume_at, wait.get("child"))
        case "running" if "loop" in effect:
            loops.begin(state, key, event)
        case "running":
            state.running.add(key)
        case _:
            _fold_end(state, event, key, node)


def _unmark(state: State, key: Key) -> None:
    state.ready.pop(key, None)
    state.waiting.pop(key, None)
    state.to_check.pop(key, None)
    for keys in (state.running, state.abandoned, state.to_end):
        keys.discard(key)


def _fold_end(state: State, event: Event, key: Key, node: Node) -> None:
    """What a node's end means: another attempt, a failure around it, the end of all, or that the edges are decided."""
    state.restarts = 0
    state.interrupted.pop(key, None)
    state.children.pop(key, None)
    loops.end(state, key)
    if event.status == "cancelled":
        return
    if at := _retry_of(node, event):
        _begin_later(state, key, Due(event.attempt + 1, at))
    elif event.status == "failed" and node.on_error == "stop":
        _fail(state, key, event)
    elif not loops.is_failing_around(state, key):
        if stop := (event.effect or {}).get("stop"):
            _end_by(state, event, _read_stop(stop, event, node))
        _settle(state, key)


def _retry_of(node: Node, event: Event) -> datetime | None:
    return retry_at(node.retry, event) if event.status == "failed" and event.error else None


def _fail(state: State, key: Key, event: Event) -> None:
    """A failure ends what is around it; the innermost node is what a person wants to know of."""
    error = {"node": key[0], **({"iteration": list(key[1])} if key[1] else {}), **(event.error or {})}
    if around := state.loop_of(key):
        loops.fail(state, around, error, event.seq)
    else:
        shown = {name: error[name] for name in error if name not in _ABOUT_RETRY}
        _end_by(state, event, EndExecution("failed", error=shown))


def _end_by(state: State, event: Event, end: EndExecution) -> None:
    """Of several reasons to end, the first in the log counts; they need not be folded in that order."""
    if state.cause is None or event.seq < state.cause.seq:
        state.cause = Cause(event.seq, end)


def _read_stop(stop: dict[str, Any], event: Event, node: Node) -> EndExecution:
    if stop["status"] == "succeeded":
        return EndExecution("succeeded", result=value_of(event))
    error = {"type": "stopped", "message": stop["message"] or "The workflow stopped here.", "node": node.id}
    return EndExecution("failed", result=value_of(event), error=error)


def _settle(state: State, key: Key) -> None:
    """Decide the edges out of a node that has ended, and note who has nothing left to wait for."""
    graph, node = state.graph, state.nodes[key]
    for edge in graph.outgoing[key[0]]:
        target = (edge.target, key[1])
        state.undecided[target] = state.undecided.get(target, len(graph.incoming[edge.target])) - 1
        state.taken[target] = state.taken.get(target, 0) + loops.takes(node, edge)
        if target not in state.nodes and target not in state.ready and _can_be_decided(state, target):
            state.ready[target] = Due()
            loops.open_node(state, target)
    loops.close_node(state, key)


def _can_be_decided(state: State, key: Key) -> bool:
    return state.undecided[key] == 0 or (state.graph.nodes[key[0]].join == "any" and state.taken[key] > 0)


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
