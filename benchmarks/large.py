"""What a list of 100,000 objects costs on its way through filter, for-each and aggregate.

Each way runs in a process of its own; the baseline does the same in plain Python. Memory is the most that the process
and the sandbox's workers had together. A stall is how long the event loop could do nothing else, counted in time of
our own processor so that other programs don't lengthen it.
"""

import argparse
import asyncio
import gc
import os
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from app.runtime import open_runtime
from app.server import COLLECT_EVERY
from app.settings import read_settings
from benchmarks.lab import edge, node, print_table
from engine.models import Execution

ITEMS = 100_000
LOOK_EVERY = 0.02  # seconds
PATIENCE = 900.0
PAGE = os.sysconf("SC_PAGE_SIZE")
MIB = 1024 * 1024
Definition = dict[str, Any]


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("way", nargs="?", choices=["plain", *WAYS], help="only this one, and nothing but its figures")
    match parser.parse_args().way:
        case None:
            rows = [(what, *await measure(way)) for way, what in {"plain": "plain Python (baseline)", **TITLES}.items()]
            print_table(f"{ITEMS:,} objects", ("way", "s", "memory, MiB", "longest stall, ms"), rows)
        case "plain":
            print(*run_plainly())
        case way:
            print(*await run(WAYS[way]))


async def measure(way: str) -> tuple[float, float, float]:
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "benchmarks.large", way, stdout=PIPE)
    watching = asyncio.create_task(watch_memory(process))
    answer, _ = await process.communicate()
    seconds, stall = map(float, answer.split())
    return seconds, await watching, stall


async def watch_memory(process: Process) -> float:
    most = 0
    while process.returncode is None:
        most = max(most, sum(memory_of(pid) for pid in family(process.pid)))
        await asyncio.sleep(LOOK_EVERY)
    return most / MIB


def run_plainly() -> tuple[float, float]:
    started = perf_counter()
    kept = [order for order in make_orders() if order["total"] > 100]
    totals = [{"total": order["total"] * 2} for order in kept]
    sum(order["total"] for order in totals)
    return perf_counter() - started, 0.0


def make_orders() -> list[dict[str, Any]]:
    return [{"id": n, "name": f"Order {n}", "email": f"{n}@example.com", "total": n % 977} for n in range(ITEMS)]


async def run(definition: Definition) -> tuple[float, float]:
    """Return how many seconds an execution took, and the longest stall in milliseconds."""
    with tempfile.TemporaryDirectory() as folder:
        async with open_runtime(read_settings({"TREADLE_DATA": folder})) as rt:
            execution = Execution(workflow_id="wf_benchmark", definition=definition, input={"orders": make_orders()})
            async with rt.database.write() as session:
                session.add(execution)
            id_ = execution.id
            del execution
            gc.collect()
            gc.freeze()  # as the server does, and the next line
            gc.set_threshold(*COLLECT_EVERY)
            watching = asyncio.create_task(watch_stalls())
            started = perf_counter()
            rt.worker.submit(id_)
            await rt.worker.wait(id_, PATIENCE)
            seconds = perf_counter() - started
            watching.cancel()
            ended = await rt.store.get_execution(id_)
            if ended is None or ended.result != EXPECTED:
                raise RuntimeError(f"It did not end as it should: {ended and (ended.result, ended.error)}")
    return seconds, 1000 * stalls[0]


stalls = [0.0]


async def watch_stalls() -> None:
    now, used = perf_counter(), process_time()
    while True:
        await asyncio.sleep(0.001)
        before, used_before = now, used
        now, used = perf_counter(), process_time()
        stalls[0] = max(stalls[0], min(now - before, used - used_before))


def family(pid: int) -> Iterator[int]:
    """A process and all that it has started."""
    yield pid
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and parent_of(int(entry.name)) == pid:
            yield from family(int(entry.name))


def parent_of(pid: int) -> int | None:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return None


def memory_of(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
    except OSError:
        return 0


def make_workflow(*steps: Definition, body: Definition) -> Definition:
    """Orders are filtered and shaped by the steps, the last of which is the loop."""
    large = node("large", "data/filter", x=0, y=0, items="{{ start.orders }}", condition="item.total > 100")
    loop = {**steps[-1], "type": "group"}
    body = {**body, "parentId": loop["id"]}
    total = node("total", "data/aggregate", x=0, y=0, items="{{ each }}", operation="sum", value="item.total")
    row = [node("start", "trigger/manual", x=0, y=0), large, *steps[:-1], loop, total]
    edges = [edge(left["id"], right["id"]) for left, right in pairwise(row)]
    return {"name": "Large", "nodes": [*row, body], "edges": edges}


def loop_over(items: str) -> Definition:
    return node("each", "logic/for-each", x=0, y=0, items=f"{{{{ {items} }}}}", concurrency=10)


WAYS = {
    "batches": make_workflow(
        node("batches", "data/split", x=0, y=0, items="{{ large }}", size=1_000),
        loop_over("batches"),
        body=node("sum", "data/set-fields", x=0, y=0, fields={"total": "{{ sum(order.total * 2 for order in item) }}"}),
    ),
    "single": make_workflow(
        loop_over("large"),
        body=node("double", "data/set-fields", x=0, y=0, fields={"total": "{{ item.total * 2 }}"}),
    ),
}
TITLES = {"batches": "for each batch of 1,000", "single": "for each object"}
EXPECTED = sum(2 * (n % 977) for n in range(ITEMS) if n % 977 > 100)


if __name__ == "__main__":
    asyncio.run(main())
