"""How fast executions go, beside what the driver alone writes into the same database.

The clock starts when executions that are in the database are handed to the worker, and stops when the last one's end
is on disk and told.
"""

import argparse
import asyncio
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from typing import Any

from app.runtime import Runtime, open_runtime
from app.settings import read_settings
from benchmarks.baseline import measure_baseline
from benchmarks.lab import edge, node, print_table
from engine.models import Execution
from tests.postgresql import start_postgresql

TOGETHER, CHAIN, FAN, WAITING = 1_000, 100, 1_000, 100
TIMES = 5  # of which the median is shown
PATIENCE = 300.0  # seconds
Definition = dict[str, Any]
Row = tuple[str, str, str]


async def main() -> None:
    arguments = read_arguments()
    with tempfile.TemporaryDirectory() as folder:
        await show("SQLite, synchronous=FULL", {"TREADLE_DATA": folder})
    if arguments.postgresql:
        with tempfile.TemporaryDirectory() as folder, start_server() as url:
            await show("PostgreSQL, fsync on", {"TREADLE_DATA": folder, "DATABASE_URL": url})


@contextmanager
def start_server() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder, start_postgresql(Path(folder), care="") as url:
        yield url


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--postgresql", action="store_true", help="measure on a real PostgreSQL, too")
    return parser.parse_args()


async def show(database: str, environment: dict[str, str]) -> None:
    async with open_runtime(read_settings(environment)) as rt:
        rows_a_second, commits_a_second = await asyncio.to_thread(measure_baseline, rt.database)
        await run(rt, make_chain(3), times=50)  # compile and open what is needed once
        rows = [
            ("baseline: rows in batches of 1,000", f"{rows_a_second:,.0f} rows/s", ""),
            ("baseline: two rows a commit", f"{commits_a_second:,.0f} commits/s", ""),
            await measure_together(rt),
            *await measure_chain(rt),
            await measure_fan_out(rt),
        ]
    print_table(database, ("work", "measured", "goal"), rows)


async def measure_together(rt: Runtime) -> Row:
    seconds = statistics.median([await run(rt, make_chain(3), times=TOGETHER) for _ in range(TIMES)])
    return f"{TOGETHER:,} executions of trigger + 3 steps", f"{TOGETHER / seconds:,.0f} executions/s", "1,000"


async def measure_chain(rt: Runtime) -> list[Row]:
    """The steps' own times are between the moments at which two neighbours succeeded."""
    ids, times = [], []
    for _ in range(2 * TIMES):
        ids += await insert(rt, make_chain(CHAIN), times=1)
        times.append(await drive(rt, ids[-1:]))
    steps = [step for id_ in ids for step in await read_steps(rt, id_)]
    return [
        (f"chain of {CHAIN} steps", f"{CHAIN / statistics.median(times):,.0f} steps/s", "2,500"),
        ("one step of it, median", f"{statistics.median(steps):.2f} ms", "0.40"),
    ]


async def measure_fan_out(rt: Runtime) -> Row:
    seconds = statistics.median([await run(rt, make_fan_out(FAN)) for _ in range(TIMES)])
    return f"fan-out of {FAN:,} and join", f"{(FAN + 1) / seconds:,.0f} steps/s", "3,000"


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


async def read_steps(rt: Runtime, execution_id: str) -> list[float]:
    log = await rt.store.read_log(execution_id)
    ends = [event.timestamp for event in log if event.node_id and event.status == "succeeded"]
    return [1000 * (after - before).total_seconds() for before, after in pairwise(ends)]


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


def set_n(name: str, value: str) -> dict[str, Any]:
    return node(name, "data/set-fields", x=0, y=0, fields={"n": value})


def make_workflow(steps: Sequence[dict[str, Any]], edges: Sequence[dict[str, Any]]) -> Definition:
    return {"name": "Benchmark", "nodes": [node("start", "trigger/manual", x=0, y=0), *steps], "edges": edges}


if __name__ == "__main__":
    asyncio.run(main())
