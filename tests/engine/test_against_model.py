"""The engine does with thousands of random workflows what WORKFLOW.md says, wherever it is interrupted."""

import asyncio
import traceback
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from engine.events import ENDED, Event
from engine.graph import find_problems
from engine.sdk import Step, StepContext, steps_by_action
from engine.store import Filters
from plugins import load_plugins
from tests.engine.build import STEPS
from tests.engine.conftest import START, Engine, FakeClock
from tests.engine.differences import find_differences, is_end
from tests.engine.model import Ambiguous, Key, Model
from tests.engine.random_workflows import INPUT, make_workflow
from tests.engine.shrink import show, shrink

Definition = dict[str, Any]
ALL_STEPS = {**STEPS, **steps_by_action(load_plugins())}


class HastyClock(FakeClock):
    """Nothing is waited for: the time is what somebody sleeps until."""

    async def sleep_until(self, at: datetime) -> None:
        self.time = max(self.time, at)
        await asyncio.sleep(0)


@pytest.fixture
def clock() -> FakeClock:
    return HastyClock(START)


@pytest.fixture
def engine(engine: Engine) -> Engine:
    engine.steps = dict(ALL_STEPS)
    return engine


def seeds(on_sqlite: Iterable[int], on_postgresql: Iterable[int]) -> pytest.MarkDecorator:
    few = [pytest.param("postgresql", seed, marks=pytest.mark.postgresql) for seed in on_postgresql]
    return pytest.mark.parametrize(
        ("database", "seed"), [*(("sqlite", seed) for seed in on_sqlite), *few], indirect=["database"]
    )


def test_the_random_workflows_have_no_problems() -> None:
    for seed in range(300):
        assert find_problems(make_workflow(seed), ALL_STEPS) == [], seed


@seeds(on_sqlite=range(0, 2_500, 500), on_postgresql=[3_000])
async def test_an_execution_is_what_the_model_says(engine: Engine, seed: int) -> None:
    definitions = [make_workflow(seed + place) for place in range(500)]

    for place, (definition, faults) in enumerate(await find_all_faults(engine, definitions)):
        if faults:
            pytest.fail(f"seed {seed + place}: {await explain(engine, definition)}")


async def find_all_faults(engine: Engine, definitions: list[Definition]) -> list[tuple[Definition, list[str]]]:
    room = asyncio.Semaphore(50)

    async def find(definition: Definition) -> tuple[Definition, list[str]]:
        async with room:
            return definition, await find_faults(engine, definition)

    return await asyncio.gather(*map(find, definitions))


async def find_faults(engine: Engine, definition: Definition) -> list[str]:
    """Run a workflow and compare; what can't even be run is a fault."""
    execution_id = await engine.insert(definition, INPUT)
    try:
        async with asyncio.timeout(30):
            await run_through(engine, execution_id)
    except Exception:
        return [traceback.format_exc()]
    return await compare(engine, definition, execution_id)


async def run_through(engine: Engine, execution_id: str) -> None:
    """Drive to the end, also through what lets it go for a while."""
    while (execution := await engine.get(execution_id)).status not in ENDED:
        if execution.resume_at:
            await engine.clock.sleep_until(execution.resume_at)
        await engine.drive(execution_id)


async def compare(engine: Engine, definition: Definition, execution_id: str, *, crashes: int = 0) -> list[str]:
    try:
        model = Model(definition, INPUT)
    except Ambiguous:
        return []
    execution, log = await engine.get(execution_id), await engine.log(execution_id)
    return find_differences(model, execution, log, crashes=crashes)


async def explain(engine: Engine, definition: Definition) -> str:
    """The smallest workflow that shows a fault, what is wrong with it, and its log."""

    async def is_faulty(smaller: Definition) -> bool:
        return not find_problems(smaller, ALL_STEPS) and bool(await find_faults(engine, smaller))

    smallest = await shrink(definition, is_faulty)
    faults = await find_faults(engine, smallest)
    execution = (await engine.store.list_executions(Filters(), limit=1))[0]
    return "\n".join(["", show(smallest), *faults, *map(show_event, await engine.log(execution.id))])


def show_event(event: Event) -> str:
    what = {name: value for name in ("output", "error", "handles", "effect") if (value := getattr(event, name))}
    where = f"{event.node_id or 'execution'}{list(event.iteration) or ''}"
    return f"{event.seq:4} {where} {event.status} {event.attempt} {what}"


@seeds(on_sqlite=range(10_000, 10_040), on_postgresql=range(10_040, 10_050))
async def test_an_execution_that_is_interrupted_anywhere_comes_to_the_same_end(engine: Engine, seed: int) -> None:
    definition = make_workflow(seed)
    runs = count_runs(engine)
    whole = await engine.insert(definition, INPUT)
    await run_through(engine, whole)
    log = await engine.log(whole)

    async def go_on_after(seq: int) -> None:
        execution_id = await engine.insert(definition, INPUT)
        await engine.store.append([replace(event, execution_id=execution_id) for event in log[:seq]])
        await run_through(engine, execution_id)
        assert await compare(engine, definition, execution_id, crashes=1) == [], f"after {seq}"
        begun = count_begun((await engine.log(execution_id))[seq:])
        finished = {(event.node_id or "", event.iteration) for event in log[:seq] if event.status == "succeeded"}
        assert [key for key in finished if runs[execution_id, key] > begun[key]] == [], f"after {seq}"

    await asyncio.gather(*(go_on_after(seq) for seq in range(1, len(log))))


@seeds(on_sqlite=range(10_000, 10_015), on_postgresql=[])
async def test_an_execution_that_is_cancelled_anywhere_begins_nothing_more(engine: Engine, seed: int) -> None:
    definition = make_workflow(seed)
    whole = await engine.insert(definition, INPUT)
    await run_through(engine, whole)
    log = await engine.log(whole)

    async def cancel_after(seq: int) -> None:
        execution_id = await engine.insert(definition, INPUT, cancel_requested_at=START)
        await engine.store.append([replace(event, execution_id=execution_id) for event in log[:seq]])
        await run_through(engine, execution_id)
        last = {(event.node_id, event.iteration): event for event in await engine.log(execution_id)}
        assert last.pop((None, ())).status == "cancelled", f"after {seq}"
        assert all(map(is_end, last.values())), f"after {seq}"
        assert count_begun((await engine.log(execution_id))[seq:]) == Counter(), f"after {seq}"

    await asyncio.gather(*(cancel_after(seq) for seq in range(1, len(log))))


def count_begun(log: list[Event]) -> Counter[Key]:
    return Counter((event.node_id, event.iteration) for event in log if event.status == "running" and event.node_id)


def count_runs(engine: Engine) -> Counter[tuple[str, Key]]:
    """Count from now on how often each node of each execution really runs."""
    runs: Counter[tuple[str, Key]] = Counter()

    def counted(step: Step) -> Step:
        async def run(context: StepContext, **inputs: Any) -> Any:
            execution_id, node_id, iteration = context.idempotency_key.split(":")
            runs[execution_id, (node_id, tuple(map(int, filter(None, iteration.split(".")))))] += 1
            return await step.run(context, **inputs)

        return replace(step, run=run)

    engine.steps = {action: counted(step) for action, step in engine.steps.items()}
    return runs
