"""What a new execution takes over from another makes sense, whatever ran and wherever it begins again."""

import asyncio
import json
import re
from collections.abc import Iterable
from functools import partial
from random import Random
from typing import Any

import pytest

from engine.copying import copy_rows, read_outline
from engine.entry import Entry, enter
from engine.events import ENDED
from engine.graph import parse
from engine.models import Execution
from engine.reuse import choose
from tests.engine.conftest import START, Engine, FakeClock
from tests.engine.model import Ambiguous, Model
from tests.engine.random_workflows import INPUT, make_workflow
from tests.engine.test_against_model import ALL_STEPS, HastyClock

SEEDS = 100


@pytest.fixture
def clock() -> FakeClock:
    return HastyClock(START)


@pytest.fixture
def engine(engine: Engine) -> Engine:
    engine.steps = dict(ALL_STEPS)
    return engine


async def drive(engine: Engine, execution_id: str) -> Execution:
    while (execution := await engine.get(execution_id)).status not in ENDED:
        if execution.resume_at:
            await engine.clock.sleep_until(execution.resume_at)
        await engine.drive(execution_id)
    return execution


async def retry(engine: Engine, old: Execution, points: set[str]) -> Execution:
    """Run it again from these nodes, or from what failed."""
    async with engine.database.read() as session:
        seqs = await choose(parse(old.definition), points, partial(read_outline, session, old.id))
    new = Execution(workflow_id="wf_1", definition=old.definition, input=old.input)
    add = partial(copy_rows, source=old.id, target=new.id, seqs=seqs, now=START)
    async with engine.database.write() as session:
        assert isinstance(await enter(session, new, START, add), Entry)
    return await drive(engine, new.id)


async def find_run_twice(engine: Engine, execution: Execution) -> set[tuple[str | None, tuple[int, ...]]]:
    """What has been taken over and runs nevertheless."""
    log = await engine.log(execution.id)
    begin = next(place for place, event in enumerate(log) if event.node_id is None)
    taken = {(event.node_id, event.iteration) for event in log[:begin] if event.status in ENDED}
    return taken & {(event.node_id, event.iteration) for event in log[begin:]}


def random_points(definition: dict[str, Any], seed: int) -> Iterable[set[str]]:
    yield set()
    yield {Random(seed).choice(parse(definition).order)}


def timeless(result: Any) -> str:
    """A result but for the moments in it, which are later each time."""
    return re.sub(r"\d{4}-\d\d-\d\dT[\d:.+]+", "then", json.dumps(result, sort_keys=True))


async def find_faults(engine: Engine, seed: int) -> list[str]:
    definition = make_workflow(seed)
    try:
        Model(definition, INPUT)
    except Ambiguous:  # it may go another way the next time
        return []
    old = await drive(engine, await engine.insert(definition, INPUT))
    faults = []
    for points in random_points(definition, seed):
        new = await retry(engine, old, points)
        if (new.status, timeless(new.result)) != (old.status, timeless(old.result)):
            faults.append(f"{seed} from {points}: {new.status} {new.result}, not {old.status} {old.result}")
        if twice := await find_run_twice(engine, new):
            faults.append(f"{seed} from {points}: {twice} run twice")
    return faults


async def test_a_retry_ends_as_what_it_retries_and_runs_nothing_twice(engine: Engine) -> None:
    room = asyncio.Semaphore(30)

    async def find(seed: int) -> list[str]:
        async with room, asyncio.timeout(60):
            return await find_faults(engine, seed)

    faults = [fault for found in await asyncio.gather(*map(find, range(SEEDS))) for fault in found]
    assert not faults, "\n".join(faults)
