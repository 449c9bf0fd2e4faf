"""Running one node of a draft, with what the nodes before it gave last or what a person has given instead."""

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from typing import Any

from app.errors import Conflict, Invalid, InvalidWorkflow
from app.models import User
from app.runtime import Runtime
from app.services.starting import check_problems, prepare, take_snapshot
from app.services.values import check_json, invalid_field
from engine.errors import DefinitionError, StepError
from engine.graph import NOT_PINNED, Graph, find_problems, parse
from engine.models import Execution
from engine.outputs import Given, Source, add_outputs, find_newest, keep_outputs
from engine.part import cut
from engine.replay import TEST

Json = dict[str, Any]
MANUAL = "trigger/manual"


async def run_node(
    rt: Runtime, user: User, workflow_id: str, node: str, *, input: Json | None, pinned: Mapping[str, Any]
) -> Execution:
    """Start an execution of one node, or of a whole loop; the nodes before it aren't run.

    Each of them gives what `pinned` or the node itself says, the trigger `input`, or else what it gave last. Raise
    InvalidWorkflow that names those that have never given anything, and Invalid what `pinned` has for no node at all.
    """
    check_json([input, dict(pinned)])
    snapshot = await take_snapshot(rt, user, workflow_id)
    _check_pinned(snapshot.definition, pinned)
    part = cut_out(rt, snapshot.definition, node)
    graph = _parse(part, node)
    sources = await _find_sources(rt, workflow_id, graph, node, input=input, pinned=pinned)
    execution = prepare(snapshot, trigger=TEST, input=input or {})
    execution.definition = part
    try:
        sources = await keep_outputs(rt.files, execution.id, sources)
    except StepError as error:
        raise Conflict(error.message) from error
    now = rt.engine_clock.now()
    add = partial(add_outputs, execution_id=execution.id, graph=graph, node_id=node, sources=sources, now=now)
    return await rt.starter.start(execution, add)


def cut_out(rt: Runtime, definition: Json, node: str) -> Json:
    """The part of a definition that one node needs; raise InvalidWorkflow when it can't run."""
    found = next((each for each in definition["nodes"] if each["id"] == node), None)
    if found is None:
        raise invalid_field("node", f"There is no node {node!r:.80} in this workflow.")
    if found.get("parentId"):
        raise invalid_field("node", "A node in a loop can't run by itself: run the loop.")
    part = cut(definition, node)
    runs = {None, node, *(each["id"] for each in part["nodes"] if each.get("parentId"))}
    check_problems([asdict(problem) for problem in find_problems(part, rt.steps) if problem.node in runs])
    return part


def _check_pinned(definition: Json, pinned: Mapping[str, Any]) -> None:
    known = {node["id"] for node in definition["nodes"]}
    if unknown := [id_[:80] for id_ in pinned if id_ not in known]:
        details = [{"node": id_, "field": "pinned", "message": "There is no such node."} for id_ in unknown]
        named = " or ".join(map(repr, unknown[:5]))
        raise Invalid(f"There is no node {named} in this workflow: correct pinned.", details)


def _parse(part: Json, node: str) -> Graph:
    try:
        graph = parse(part)
    except DefinitionError as error:
        raise InvalidWorkflow(str(error)) from error
    if node not in graph.nodes:
        raise invalid_field("node", "Nothing leads from the trigger to this node: connect it.")
    return graph


async def _find_sources(
    rt: Runtime, workflow_id: str, graph: Graph, node: str, *, input: Json | None, pinned: Mapping[str, Any]
) -> dict[str, Source]:
    """Where the output of each node comes from that is before this one, in their order."""
    before = graph.upstream(of=node)
    given = {id_: Given(value) for id_ in before if (value := _find_given(graph, id_, input, pinned)) is not NOT_PINNED}
    async with rt.database.read() as session:
        newest = await find_newest(session, workflow_id, set(before) - given.keys())
    sources: dict[str, Source] = {**_find_default(graph), **newest, **given}
    if missing := [id_ for id_ in before if id_ not in sources]:
        labels = ", ".join(graph.nodes[id_].label for id_ in missing)
        details = [{"node": id_, "field": "pinned", "message": "It has no output yet."} for id_ in missing]
        raise InvalidWorkflow(
            f"These nodes have no output yet: {labels}. Run the workflow once, or pin theirs.", details
        )
    return {id_: sources[id_] for id_ in before}


def _find_given(graph: Graph, id_: str, input: Json | None, pinned: Mapping[str, Any]) -> Any:
    if id_ in pinned:
        return pinned[id_]
    if id_ == graph.trigger and input is not None:
        return input
    return graph.nodes[id_].pinned if graph.nodes[id_].enabled else None


def _find_default(graph: Graph) -> dict[str, Source]:
    """A trigger that is started by hand needs no input."""
    return {graph.trigger: Given({})} if graph.nodes[graph.trigger].action == MANUAL else {}
