"""What executions that wait, or have ended, take of the process: memory (PSS) and processor time."""

import asyncio
import gc
import time
from pathlib import Path
from typing import Any

from sqlmodel import col, func, select

from app.runtime import Runtime
from benchmarks.made_up import Definition, drive, insert, make_chain, make_delay
from engine.models import Execution

PARKED, BATCH = 10_000, 1_000
FEW, MANY = 10_000, 100_000
SECONDS = 10.0
Row = tuple[str, str, str]


async def measure_parked(rt: Runtime) -> list[Row]:
    """Park many executions for an hour and look on."""
    before = memory()
    for _ in range(PARKED // BATCH):
        await park(rt, make_delay(3_600), times=BATCH)
    after, busy = memory(), time.process_time()
    await asyncio.sleep(SECONDS)
    share = 100 * (time.process_time() - busy) / SECONDS
    return [
        (f"{PARKED:,} executions in flow/delay: more memory", f"{after - before:.1f} MiB", "< 50"),
        ("processor time meanwhile, of one core", f"{share:.1f} %", "< 2"),
    ]


async def measure_growth(rt: Runtime) -> Row:
    """Compare the memory once everything has been used a while with the memory much later."""
    early = late = 0.0
    for done in range(BATCH, MANY + 1, BATCH):
        await drive(rt, await insert(rt, make_chain(3), times=BATCH))
        if done == FEW:
            early = memory()
    late = memory()
    return f"memory after {FEW:,} and {MANY:,} executions", f"{early:.1f} and {late:.1f} MiB", "no growth"


async def park(rt: Runtime, definition: Definition, *, times: int) -> None:
    for id_ in await insert(rt, definition, times=times):
        rt.worker.submit(id_)
    open_ = select(func.count()).where(col(Execution.status).in_(("pending", "running")))
    while await count(rt, open_):  # noqa: ASYNC110 nobody tells of an execution that is parked
        await asyncio.sleep(0.1)


async def count(rt: Runtime, query: Any) -> int:
    async with rt.database.read() as session:
        return int(await session.scalar(query))


def memory() -> float:
    """This process's share of the memory, in MiB, without what is garbage already."""
    gc.collect()
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
