"""What a new execution of a workflow takes over from the log of an earlier one: whatever need not run again.

The rows that are chosen are folded as they are chosen: a row is taken only where the execution that they make, up to
there, would run that very node next. So they always make sense, whatever the other execution did afterwards.
"""

from collections.abc import AsyncIterator, Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.events import RETRY_AT, Event
from engine.graph import Graph
from engine.progress import Key, State
from engine.state import fold

REPEAT = "logic/repeat"
Outline = Callable[[], AsyncIterator[Event]]


@dataclass(slots=True)
class _Past:
    """What can only be known at a log's end: where each loop last began, and which failed and were lived with."""

    begins: dict[Key, int] = field(default_factory=dict)
    given_up: set[Key] = field(default_factory=set)


async def choose(graph: Graph, points: Collection[str], outline: Outline) -> list[int]:
    """Return the numbers of the rows to take over when these nodes, and what comes behind them, run again.

    `outline` reads the log without its data, each time from the beginning. What has failed runs again by itself.
    """
    again = _find_again(graph, points)
    state, past, chosen = State(graph), _Past(), []
    async for event in outline():
        _note(past, graph, event)
    async for event in outline():
        if event.node_id in again or not _is_done(graph, event):
            continue
        key = (event.node_id or "", event.iteration)
        if _is_awaited(state, key, event) and _is_of_last_attempt(state, past, key, event):
            chosen.append(event.seq)
            fold(state, event)
    return chosen


def find_changed(graph: Graph, old: Mapping[str, Any], new: Mapping[str, Any]) -> set[str]:
    """The nodes of a definition's graph that are otherwise than in an older one, or reached otherwise."""
    before, now = _describe_nodes(old), _describe_nodes(new)
    return {id_ for id_ in graph.order if before.get(id_) != now[id_]}


def _describe_nodes(definition: Mapping[str, Any]) -> dict[str, Any]:
    """What the work of each node depends on, besides what others give it."""
    edges: dict[str, set[tuple[str, str | None]]] = {}
    for edge in definition["edges"]:
        edges.setdefault(edge["target"], set()).add((edge["source"], edge.get("sourceHandle") or None))
    return {
        node["id"]: (
            {name: value for name, value in node["data"].items() if name != "label"},
            node.get("parentId"),
            edges.get(node["id"], set()),
        )
        for node in definition["nodes"]
    }


def _find_again(graph: Graph, points: Collection[str]) -> set[str]:
    """The points and all behind them; the iterations of a repeat build on one another, so it begins anew."""
    points = {_outermost_repeat(graph, id_) for id_ in points}
    begins = points.union(*(_around(graph, id_) for id_ in points))
    behind = {id_ for id_ in graph.order if any(graph.is_upstream(begin, of=id_) for begin in begins)}
    return points | behind


def _outermost_repeat(graph: Graph, id_: str) -> str:
    repeats = [group for group in _around(graph, id_) if graph.nodes[group].action == REPEAT]
    return repeats[-1] if repeats else id_


def _around(graph: Graph, id_: str) -> list[str]:
    """The groups that a node is in, from the inside out."""
    parent = graph.nodes[id_].parent
    return [] if parent is None else [parent, *_around(graph, parent)]


def _note(past: _Past, graph: Graph, event: Event) -> None:
    key = (event.node_id or "", event.iteration)
    if "loop" in (event.effect or {}):
        past.begins[key] = event.seq
        past.given_up.discard(key)
    elif key in past.begins and event.status == "failed" and _is_done(graph, event):
        past.given_up.add(key)


def _is_done(graph: Graph, event: Event) -> bool:
    """Tell whether a row says something that stays: an end that leads on, or how far a loop is."""
    effect = event.effect or {}
    if event.node_id is None or event.node_id not in graph.nodes or "stop" in effect:
        return False
    match event.status:
        case "succeeded" | "skipped":
            return True
        case "running":
            return "loop" in effect or "check" in effect
        case "failed":
            return graph.nodes[event.node_id].on_error != "stop" and RETRY_AT not in (event.error or {})
    return False


def _is_awaited(state: State, key: Key, event: Event) -> bool:
    if check := (event.effect or {}).get("check"):
        return bool(state.to_check.get(key) == check["index"])
    is_first = not state.nodes and key == (state.graph.trigger, ())
    return is_first or key in state.ready or key in state.to_end


def _is_of_last_attempt(state: State, past: _Past, key: Key, event: Event) -> bool:
    """A loop that was tried again began anew; of one that failed in the end only the failure counts."""
    if "loop" in (event.effect or {}) and key in past.given_up:
        return False
    loops = [*state.loops_around(key), *([key] if key in past.begins else [])]
    return all(event.seq >= past.begins.get(loop, 0) for loop in loops)
