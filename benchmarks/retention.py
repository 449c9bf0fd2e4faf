"""What deleting old executions costs those that run meanwhile, and whether the database stops growing.

Baseline of the same run: the same load without deleting; the same rounds of new executions without deleting.
"""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from app.models import User
from app.runtime import Runtime, open_runtime
from app.services import accounts, retention, starting, workflows
from app.settings import read_settings
from benchmarks.lab import PERSON, edge, node, percentiles, print_table
from engine.ids import new_id
from engine.models import Execution, ExecutionLog, utc_now

AT_ONCE = 20  # executions that run at any time
ROWS = 10  # of the log of an old execution
ROUNDS = 8
IDLE = 10.0  # seconds of the baseline
STEPS = [node(f"s{n}", "data/set-fields", x=n * 200, y=0, fields={"n": n}) for n in (1, 2, 3)]
WORKFLOW = {
    "name": "Three steps",
    "nodes": [node("start", "trigger/manual", x=0, y=0), *STEPS],
    "edges": [edge("start", "s1"), edge("s1", "s2"), edge("s2", "s3")],
}


async def main() -> None:
    costs = [
        await measure("no deleting (baseline)", executions=0, rows=0, size=0),
        await measure("20,000 executions, 10 rows of 1 kB each", executions=20_000, rows=ROWS, size=1_000),
        await measure("1 execution with 200,000 rows of 1 kB", executions=1, rows=200_000, size=1_000),
        await measure("100 executions, 10 rows of 250 kB each", executions=100, rows=ROWS, size=250_000),
    ]
    times = ("commit ms, p50", "p95", "max", "% > 50 ms", "deletion ms, p95", "max")
    head = ("deleted meanwhile", "it took s", "executions/s", *times)
    print_table(f"{AT_ONCE} executions of 3 steps run at any time", head, costs)
    kept, pruned = [await grow(is_pruned=is_pruned) for is_pruned in (False, True)]
    rows = [("kept (baseline)", *kept), ("deleted after each round", *pruned)]
    head = ("MB on disk after round", *(str(number) for number in range(1, ROUNDS + 1)))
    print_table("Rounds of 2,000 executions with 10 rows of 1 kB", head, rows)


async def measure(what: str, **old: int) -> Sequence[object]:
    async with open_product() as (rt, user, workflow_id):
        await add_old_executions(rt, workflow_id, **old)
        commits, deletions = time_commits(rt), time_deletions()
        work = retention.remove_old_executions(rt) if old["executions"] else asyncio.sleep(IDLE)
        ended, took = await run_during(rt, user, workflow_id, work)
    slow = 100 * sum(commit > 50 for commit in commits) / len(commits)
    return what, took, ended / took, *percentiles(commits), slow, *(percentiles(deletions)[1:] if deletions else "--")


async def grow(*, is_pruned: bool) -> list[float]:
    """The size of the database after each round, its write-ahead log included."""
    sizes = []
    async with open_product() as (rt, _, workflow_id):
        for _ in range(ROUNDS):
            await add_old_executions(rt, workflow_id, executions=2_000, rows=ROWS, size=1_000)
            if is_pruned:
                await retention.remove_old_executions(rt)
            sizes.append(sum(file.stat().st_size for file in rt.settings.data.glob("treadle.db*")) / 1e6)
    return sizes


@asynccontextmanager
async def open_product() -> AsyncIterator[tuple[Runtime, User, str]]:
    with tempfile.TemporaryDirectory() as folder:
        async with open_runtime(read_settings({"TREADLE_DATA": str(Path(folder, "data"))})) as rt:
            user = await accounts.create_user(rt, **PERSON)
            yield rt, user, (await workflows.create_workflow(rt, user, WORKFLOW)).id


async def add_old_executions(rt: Runtime, workflow_id: str, *, executions: int, rows: int, size: int) -> None:
    """Add executions that ended long ago, `rows` of `size` bytes each."""
    moment = utc_now() - timedelta(days=100)
    of_execution = {"workflow_id": workflow_id, "definition": WORKFLOW, "status": "succeeded", "completed_at": moment}
    of_row = {"iteration": [], "attempt": 1, "status": "succeeded", "timestamp": moment, "output": "x" * size}
    ids = [new_id("ex") for _ in range(executions)]
    for some in (ids[at : at + 200] for at in range(0, executions, 200)):
        log = [of_row | {"execution_id": id_, "seq": seq} for id_ in some for seq in range(1, rows + 1)]
        async with rt.database.write() as session:
            connection = await session.connection()
            await connection.execute(insert(Execution), [of_execution | {"id": id_} for id_ in some])
            await connection.execute(insert(ExecutionLog), log)


def time_commits(rt: Runtime) -> list[float]:
    """How long each commit of the journal takes from now on, its wait for others included, in ms."""
    times: list[float] = []
    append = rt.store.append

    async def timed(events: Any) -> None:
        began = time.perf_counter()
        await append(events)
        times.append(1000 * (time.perf_counter() - began))

    rt.store.append = timed  # type: ignore[method-assign]
    return times


def time_deletions() -> list[float]:
    """How long each deletion keeps others waiting from now on, in ms."""
    times: list[float] = []
    measured = retention.time_deletion

    async def timed(rt: Runtime, deletion: Any) -> tuple[int, float]:
        deleted, took = await measured(rt, deletion)
        times.append(1000 * took)
        return deleted, took

    retention.time_deletion = timed

    return times


async def run_during(rt: Runtime, user: User, workflow_id: str, work: Awaitable[object]) -> tuple[int, float]:
    """Keep executions running while the work goes on; return how many ended, and its seconds."""
    over = asyncio.Event()

    async def run_on() -> int:
        ended = 0
        while not over.is_set():
            execution = await starting.start_execution(rt, user, workflow_id, input={})
            await starting.wait_for(rt, user, execution.id, 60)
            ended += 1
        return ended

    load = [asyncio.create_task(run_on()) for _ in range(AT_ONCE)]
    began = time.perf_counter()
    await work
    took = time.perf_counter() - began
    over.set()
    return sum(await asyncio.gather(*load)), took


if __name__ == "__main__":
    asyncio.run(main())
