"""How fast executions go, beside what the driver alone writes into the same database.

The clock starts when executions that are in the database are handed to the worker, and stops when the last one's end
is on disk and told.
"""

import argparse
import asyncio
import gc
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

from app.runtime import Runtime, open_runtime
from app.server import COLLECT_EVERY
from app.settings import read_settings
from benchmarks.baseline import measure_baseline
from benchmarks.lab import print_table
from benchmarks.made_up import drive, insert, make_chain, make_delay, make_fan_out, run
from benchmarks.resting import measure_growth, measure_parked
from tests.postgresql import start_postgresql

TOGETHER, CHAIN, FAN, WAITING = 1_000, 100, 1_000, 100
TIMES = 5  # of which the median is shown
Row = tuple[str, str, str]


async def main() -> None:
    arguments = read_arguments()
    gc.freeze()
    gc.set_threshold(*COLLECT_EVERY)  # as the server does
    with tempfile.TemporaryDirectory() as folder:
        await show("SQLite, synchronous=FULL", {"TREADLE_DATA": folder}, is_long=arguments.long)
    if arguments.postgresql:
        with tempfile.TemporaryDirectory() as folder, start_server() as url:
            environment = {"TREADLE_DATA": folder, "DATABASE_URL": url}
            await show("PostgreSQL, fsync on", environment, is_long=arguments.long)


@contextmanager
def start_server() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder, start_postgresql(Path(folder), care="") as url:
        yield url


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--postgresql", action="store_true", help="measure on a real PostgreSQL, too")
    parser.add_argument("--long", action="store_true", help="look at the memory after 100,000 executions, too")
    return parser.parse_args()


async def show(database: str, environment: dict[str, str], *, is_long: bool) -> None:
    async with open_runtime(read_settings(environment)) as rt:
        rows_a_second, commits_a_second = await asyncio.to_thread(measure_baseline, rt.database)
        await run(rt, make_chain(3), times=50)  # compile and open what is needed once
        rows = [
            ("baseline: rows in batches of 1,000", f"{rows_a_second:,.0f} rows/s", ""),
            ("baseline: two rows a commit", f"{commits_a_second:,.0f} commits/s", ""),
            await measure_together(rt),
            *await measure_chain(rt),
            await measure_fan_out(rt),
            await measure_waiting(rt),
            *await measure_parked(rt),
        ]
        if is_long:
            rows.append(await measure_growth(rt))
    print_table(database, ("work", "measured", "goal"), rows)


async def measure_together(rt: Runtime) -> Row:
    seconds = statistics.median([await run(rt, make_chain(3), times=TOGETHER) for _ in range(TIMES)])
    return f"{TOGETHER:,} executions of trigger + 3 steps", f"{TOGETHER / seconds:,.0f} executions/s", "1,000"


async def measure_chain(rt: Runtime) -> list[Row]:
    """Measure from handing it over to its end, and within the execution from one success to the next."""
    ids, times = [], []
    for _ in range(2 * TIMES):
        ids += await insert(rt, make_chain(CHAIN), times=1)
        times.append(await drive(rt, ids[-1:]))
    chains = [await read_steps(rt, id_) for id_ in ids]
    steps = [step for chain in chains for step in chain]
    within = statistics.median(1000 * len(chain) / sum(chain) for chain in chains)
    return [
        (
            f"chain of {CHAIN} steps, claiming and loading included",
            f"{CHAIN / statistics.median(times):,.0f} steps/s",
            "",
        ),
        ("the same within the execution, from its first success to its last", f"{within:,.0f} steps/s", "2,500"),
        ("one step of it, median", f"{statistics.median(steps):.2f} ms", "0.40"),
    ]


async def measure_fan_out(rt: Runtime) -> Row:
    seconds = statistics.median([await run(rt, make_fan_out(FAN)) for _ in range(TIMES)])
    return f"fan-out of {FAN:,} and join", f"{(FAN + 1) / seconds:,.0f} steps/s", "3,000"


async def measure_waiting(rt: Runtime) -> Row:
    seconds = statistics.median([await run(rt, make_delay(1), times=WAITING) for _ in range(TIMES)])
    return f"{WAITING} executions that each wait 1 s", f"{seconds:.2f} s", "1.30"


async def read_steps(rt: Runtime, execution_id: str) -> list[float]:
    log = await rt.store.read_log(execution_id)
    ends = [event.timestamp for event in log if event.node_id and event.status == "succeeded"]
    return [1000 * (after - before).total_seconds() for before, after in pairwise(ends)]


if __name__ == "__main__":
    asyncio.run(main())
