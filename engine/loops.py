"""Loops as they go: which iterations begin, what becomes of them, and what a failure in one of them stops."""

from collections.abc import Iterator
from typing import Any

from engine.events import Event, is_taken
from engine.graph import Edge
from engine.progress import Due, Key, Loop, NodeState, State, value_of


def begin(state: State, key: Key, event: Event) -> None:
    """Begin a loop as its event says: `{"count", "concurrency"}`, for a repeat with `"until"`."""
    said = (event.effect or {})["loop"]
    loop = Loop(said["count"], said["concurrency"], items=value_of(event), until=said.get("until"))
    state.loops[key] = loop
    _go_on(state, key, loop)


def open_node(state: State, key: Key) -> None:
    """Count a node among those of its body that have not ended."""
    around = state.loop_of(key)
    if around is None:
        state.open += 1
    else:
        state.loops[around].open[key[1][-1]] += 1


def close_node(state: State, key: Key) -> None:
    """A node has ended; with the last one of it an iteration has, too."""
    around = state.loop_of(key)
    if around is None:
        state.open -= 1
        return
    loop, index = state.loops[around], key[1][-1]
    loop.open[index] -= 1
    if loop.open[index] or loop.failure:
        return
    loop.results[index] = result_of(state, around[0], key[1])
    if loop.until is None:
        _close_iteration(state, around, index)
        _go_on(state, around, loop)
    else:
        state.to_check[around] = index


def check(state: State, key: Key, event: Event) -> None:
    """Take the answer of a repeat's `until`: `{"index", "is_last"}`."""
    said, loop = (event.effect or {})["check"], state.loops[key]
    _close_iteration(state, key, said["index"])
    if said["is_last"]:
        state.to_end.add(key)
    else:
        loop.results.clear()
        _go_on(state, key, loop)


def fail(state: State, key: Key, error: dict[str, Any], seq: int) -> None:
    """A node in the loop has failed: nothing new starts in it, and what waits in it waits in vain.

    Of several failures the first in the log counts; they need not be folded in that order.
    """
    loop = state.loops[key]
    if loop.failure and seq > loop.failed_by:
        return
    loop.failure, loop.failed_by = error, seq
    if key in state.failing or is_failing_around(state, key):
        return
    state.failing.add(key)
    begun = [*state.waiting, *state.loops, *(ready for ready in state.ready if ready in state.nodes)]
    state.abandoned.update(inner for inner in begun if inner not in state.running and state.is_in(inner, key))
    for held in (state.ready, state.waiting, state.to_check):
        for inner in [inner for inner in held if state.is_in(inner, key)]:
            del held[inner]
    for marked in (state.to_end, state.failing):
        marked.difference_update([inner for inner in marked if state.is_in(inner, key)])


def end(state: State, key: Key) -> None:
    """Forget a loop that has ended, and what is left of its body if it failed."""
    loop = state.loops.pop(key, None)
    state.failing.discard(key)
    state.to_end.discard(key)
    if loop and loop.failure:
        for held in (state.nodes, state.loops, state.undecided, state.taken):
            for inner in [inner for inner in held if state.is_in(inner, key)]:
                del held[inner]


def is_failing_around(state: State, key: Key) -> bool:
    """Tell whether nothing new may start here."""
    return bool(state.failing) and any(loop in state.failing for loop in state.loops_around(key))


def has_stopped(state: State, key: Key) -> bool:
    """Tell whether nothing runs any more in a loop that fails."""
    return not any(state.is_in(running, key) for running in state.running)


def output_of(loop: Loop) -> Any:
    """The list of the results in order, or a repeat's last one."""
    if loop.until is None:
        return [loop.results[index] for index in range(loop.count)]
    return next(iter(loop.results.values()), None)


def result_of(state: State, group: str | None, path: tuple[int, ...]) -> Any:
    """The output of the node that ended a body; of several `{id: output}`."""
    outputs = {id_: node.output for id_, node in _last_nodes(state, group, path)}
    return next(iter(outputs.values())) if len(outputs) == 1 else outputs


def takes(node: NodeState, edge: Edge) -> bool:
    """Tell whether an edge out of a node that has ended is taken."""
    return is_taken(edge.handle, status=node.status, handles=node.handles)


def _last_nodes(state: State, group: str | None, path: tuple[int, ...]) -> Iterator[tuple[str, NodeState]]:
    for id_ in state.graph.bodies[group].order:
        node = state.nodes.get((id_, path))
        if node and node.status != "skipped" and not any(takes(node, e) for e in state.graph.outgoing[id_]):
            yield id_, node


def _go_on(state: State, key: Key, loop: Loop) -> None:
    """Begin as many iterations as may run; without any left to run the loop is done."""
    starts = state.graph.bodies[key[0]].starts
    while loop.started < loop.count and len(loop.open) < loop.concurrency:
        index, loop.started = loop.started, loop.started + 1
        if starts:
            loop.open[index] = len(starts)
            state.ready.update(dict.fromkeys([(id_, (*key[1], index)) for id_ in starts], Due()))
        else:
            loop.results[index] = {}
    if not loop.open:
        state.to_end.add(key)


def _close_iteration(state: State, key: Key, index: int) -> None:
    """Forget the nodes of an iteration: its result is all that counts now."""
    del state.loops[key].open[index]
    for id_ in state.graph.bodies[key[0]].order:
        inner = (id_, (*key[1], index))
        for held in (state.nodes, state.undecided, state.taken):
            held.pop(inner, None)
