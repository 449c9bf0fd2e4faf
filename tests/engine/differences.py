"""Where the log of an execution is not what the model says; an empty list if it is."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cache
from math import inf
from typing import Any

from engine.events import ENDED, RETRY_AT, Event
from engine.models import Execution
from tests.engine.model import Fate, Key, Model
from tests.engine.model_steps import Failure, Stop

Log = dict[Key, list[Event]]


def find_differences(model: Model, execution: Execution, events: Sequence[Event], *, crashes: int = 0) -> list[str]:
    """Compare what is written with what must be and may be; each crash may have cost each node one attempt."""
    log: Log = defaultdict(list)
    for event in events:
        if event.node_id is not None:
            log[event.node_id, event.iteration].append(event)
    parked = [event.seq for event in events if event.node_id is None and event.status == "waiting"]
    log = {key: rows for key in list(log) if (rows := _of_last_attempt(key, log, model))}
    return [
        *(f"more comes after {event.seq}, the end of all" for event in events[:-1] if _ends_all(event)),
        *_check_end(model, execution, log),
        *(f"{key}: should not be there" for key in log if key not in model.fates),
        *(line for key, fate in model.fates.items() for line in _check_fate(model, key, fate, log, crashes)),
        *(f"{key}: {line}" for key in log if key in model.fates for line in _check_order(model, key, log)),
        *(f"{key}: doesn't begin although it can" for key in model.fates if _is_idle(model, key, log, parked)),
    ]


def _ends_all(event: Event) -> bool:
    return event.node_id is None and event.status in ENDED


def _of_last_attempt(key: Key, log: Log, model: Model) -> list[Event]:
    """What a node did since the group around it was begun for the last time: a retry repeats the body."""
    parent = model.nodes[key[0]].get("parentId") if key[0] in model.nodes else None
    if parent is None:
        return log[key]
    group = _of_last_attempt((parent, key[1][:-1]), log, model)
    begin = next(event.seq for event in group if event.attempt == group[-1].attempt) if group else 0
    return [event for event in log[key] if event.seq > begin]


def _check_end(model: Model, execution: Execution, log: Log) -> Iterator[str]:
    """It ended by one of the causes that came, or by itself if there are none."""
    came = [model.causes[key] for key in _ends(log) if key in model.causes]
    found = (execution.status, execution.result, execution.error)
    if model.causes and not any(_ended_by(cause, execution) for cause in came):
        yield f"the execution ended as {found}, not by one of {came} of {list(model.causes)}"
    if not model.causes and found != ("succeeded", model.result, None):
        yield f"the execution ended as {found}, not with {model.result}"


def _ended_by(cause: Failure | Stop, execution: Execution) -> bool:
    error = execution.error or {}
    match cause:
        case Failure():
            wanted: Any = ("failed", None, cause.type, cause.message)
            found = (execution.status, execution.result, error.get("type"), error.get("message"))
            return found == wanted and error.get("node") in cause.nodes
        case Stop("failed", result, message):
            return (execution.status, execution.result, error.get("message")) == ("failed", result, message)
        case Stop():
            return (execution.status, execution.result, execution.error) == ("succeeded", cause.result, None)


def _ends(log: Log) -> dict[Key, Event]:
    return {key: rows[-1] for key, rows in log.items() if is_end(rows[-1])}


def is_end(event: Event) -> bool:
    """Whether a node has ended with it, and not only an attempt."""
    return event.status in ENDED and RETRY_AT not in (event.error or {})


def _check_fate(model: Model, key: Key, fate: Fate, log: Log, crashes: int) -> Iterator[str]:
    rows = log.get(key, [])
    if any(map(is_end, rows[:-1])):
        yield f"{key}: goes on after its end"
    if rows and not is_end(rows[-1]):
        yield f"{key}: is left {rows[-1].status} when all has ended"
    if not rows or not is_end(rows[-1]) or rows[-1].status == "cancelled":
        if fate.status != "running" and is_sure(model, key):
            yield f"{key}: never comes to its end, {fate}"
        return
    end = rows[-1]
    lost = min(crashes, max(0, end.attempt - fate.attempts))
    found = (end.status, end.attempt - lost, sorted(end.handles or ()), end.output)
    wanted = (fate.status, fate.attempts, sorted(fate.handles or ()), fate.output)
    if found != wanted:
        yield f"{key}: {found}, not {wanted}"


def is_sure(model: Model, key: Key) -> bool:
    """Whether a node surely comes to its fate, whatever ends early beside it."""
    cuts = [cut for cut in model.cuts if cut.group is None or is_inside(model, key, (cut.group, cut.iteration))]
    return all(
        len(cut.causes) == 1
        and (key == (cause := cut.causes[0]) or is_inside(model, key, cause) or key in before(model, cause))
        for cut in cuts
    )


def is_inside(model: Model, key: Key, group: Key) -> bool:
    """Whether a node is in the body of a group, at whatever depth, in an iteration that begins with the group's."""
    parent = model.nodes[key[0]].get("parentId")
    while parent and parent != group[0]:
        parent = model.nodes[parent].get("parentId")
    return parent is not None and key[1][: len(group[1])] == group[1]


@cache
def before(model: Model, key: Key) -> frozenset[Key]:
    """All that has surely ended before a node begins."""
    (id_, iteration), found = key, set()
    pasts = [
        {source, *before(model, source), *(inner for inner in model.fates if is_inside(model, inner, source))}
        for edge in model.into(id_)
        if (source := (edge["source"], iteration)) in model.fates
        and (model.nodes[id_]["data"].get("join") != "any" or model.is_taken(edge, iteration))
    ]
    if pasts:
        is_any = model.nodes[id_]["data"].get("join") == "any"
        found |= set.intersection(*pasts) if is_any else set.union(*pasts)
    if parent := model.nodes[id_].get("parentId"):
        found |= before(model, (parent, iteration[:-1]))
    return frozenset(found)


def _check_order(model: Model, key: Key, log: Log) -> Iterator[str]:
    """A node begins after what must have ended before, and a group ends after its iterations."""
    (id_, iteration), node = key, model.nodes[key[0]]
    begin, ends = log[key][0].seq, _ends(log)
    edges = [edge for edge in model.into(id_) if (edge["source"], iteration) in model.fates]
    done = [edge for edge in edges if (end := ends.get((edge["source"], iteration))) and end.seq < begin]
    if edges and node["data"].get("join") == "any" and model.fates[key].status != "skipped":
        if not any(model.is_taken(edge, iteration) for edge in done):
            yield "begins before an edge into it is taken"
    elif len(done) < len(edges):
        yield f"begins before {sorted({edge['source'] for edge in edges} - {edge['source'] for edge in done})} ended"
    if (parent := node.get("parentId")) and not log[parent, iteration[:-1]][0].seq < begin:
        yield f"begins before its group {parent}"
    if node["type"] == "group" and is_end(log[key][-1]) and log[key][-1].status == "succeeded":
        yield from _check_iterations(model, key, log)


def _is_idle(model: Model, key: Key, log: Log, parked: list[int]) -> bool:
    """Whether the execution was let go, as if nothing could be done, after all that the node needs to begin."""
    ends, edges = _ends(log), model.into(key[0])
    if not edges or not is_sure(model, key):
        return False
    is_any = model.nodes[key[0]]["data"].get("join") == "any" and model.fates[key].status != "skipped"
    needed = [(edge["source"], key[1]) for edge in edges if not is_any or model.is_taken(edge, key[1])]
    seqs = [ends[source].seq for source in needed if source in ends]
    if not seqs or (len(seqs) < len(needed) and not is_any):
        return False
    ready, begin = (min(seqs) if is_any else max(seqs)), log[key][0].seq if key in log else inf
    return any(ready < seq < begin for seq in parked)


def _check_iterations(model: Model, group: Key, log: Log) -> Iterator[str]:
    end = log[group][-1].seq
    spans: dict[int, list[int]] = defaultdict(list)
    for key, rows in log.items():
        if is_inside(model, key, group):
            spans[key[1][len(group[1])]] += [row.seq for row in rows]
    if any(max(seqs) > end for seqs in spans.values()):
        yield "ends before its iterations"
    limit = model.nodes[group[0]]["data"]["inputs"].get("concurrency", 1)
    for seqs in spans.values():
        beside = sum(min(other) <= min(seqs) <= max(other) for other in spans.values())
        if beside > limit:
            yield f"{beside} iterations run side by side, not {limit}"
