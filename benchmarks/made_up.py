"""Made-up workflows, and driving executions of them in this process."""

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from time import perf_counter
from typing import Any

from app.runtime import Runtime
from benchmarks.lab import edge, node
from engine.models import Execution

PATIENCE = 600.0  # seconds
Definition = dict[str, Any]


async def run(rt: Runtime, definition: Definition, *, times: int = 1) -> float:
    """Drive new executions of a workflow at once; return how long that took, in seconds."""
    return await drive(rt, await insert(rt, definition, times=times))


async def insert(rt: Runtime, definition: Definition, *, times: int) -> list[str]:
    executions = [Execution(workflow_id="wf_benchmark", definition=definition, input={"n": 1}) for _ in range(times)]
    async with rt.database.write() as session:
        session.add_all(executions)
    return [execution.id for execution in executions]


async def drive(rt: Runtime, ids: Sequence[str]) -> float:
    started = perf_counter()
    for id_ in ids:
        rt.worker.submit(id_)
    ended = await asyncio.gather(*(rt.worker.wait(id_, PATIENCE) for id_ in ids))
    seconds = perf_counter() - started
    await check(rt, ids, ended)
    return seconds


async def check(rt: Runtime, ids: Sequence[str], ended: Sequence[bool]) -> None:
    """What did not succeed has no speed."""
    execution = await rt.store.get_execution(ids[-1])
    if not all(ended) or execution is None or execution.status != "succeeded":
        raise RuntimeError(f"Not all have succeeded: {execution and execution.error}")


def make_chain(length: int) -> Definition:
    """A trigger and steps one after another, each of which reads what the one before it gave."""
    names = ["start", *(f"step_{place}" for place in range(length))]
    steps = [set_n(name, f"{{{{ {before}.n }}}}") for before, name in pairwise(names)]
    return make_workflow(steps, [edge(before, name) for before, name in pairwise(names)])


def make_fan_out(width: int) -> Definition:
    """A trigger, steps side by side, and one that waits for all of them."""
    names = [f"step_{place}" for place in range(width)]
    steps = [*(set_n(name, "{{ start.n }}") for name in names), set_n("join", f"{{{{ {names[-1]}.n }}}}")]
    edges = [made for name in names for made in (edge("start", name), edge(name, "join"))]
    return make_workflow(steps, edges)


def make_delay(seconds: float) -> Definition:
    """A trigger and a wait."""
    return make_workflow([node("wait", "flow/delay", x=0, y=0, seconds=seconds)], [edge("start", "wait")])


def set_n(name: str, value: str) -> dict[str, Any]:
    return node(name, "data/set-fields", x=0, y=0, fields={"n": value})


def make_workflow(steps: Sequence[dict[str, Any]], edges: Sequence[dict[str, Any]]) -> Definition:
    return {"name": "Benchmark", "nodes": [node("start", "trigger/manual", x=0, y=0), *steps], "edges": edges}
