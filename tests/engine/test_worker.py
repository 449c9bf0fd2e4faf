"""The worker: who drives what, also after a crash, and how it leaves."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from engine.sdk import Step, StepContext
from engine.worker import Worker
from tests.engine.build import node, workflow
from tests.engine.conftest import START, Engine

HERE = socket.gethostname()


def make_worker(engine: Engine, *, limit: int = 100) -> Worker:
    return Worker(
        engine.store, engine.journal, engine.steps, httpx.AsyncClient(), engine.sandbox, clock=engine.clock, limit=limit
    )


@pytest.fixture
async def worker(engine: Engine) -> AsyncIterator[Worker]:
    worker = make_worker(engine)
    await worker.start()
    yield worker
    await worker.stop(grace=0)


async def test_a_submitted_execution_is_driven_at_once(engine: Engine, worker: Worker) -> None:
    id_ = await engine.insert(workflow(node("a", inputs={"value": 1}), edges="lead>a"))

    worker.submit(id_)

    assert await worker.wait(id_, 5)
    assert (await engine.get(id_)).result == 1


async def test_waiting_for_an_execution_that_has_ended_returns_at_once(engine: Engine, worker: Worker) -> None:
    id_ = (await engine.run(workflow())).id

    assert await worker.wait(id_, 0)


async def test_waiting_ends_when_the_time_is_over(engine: Engine, worker: Worker) -> None:
    id_ = await engine.insert(workflow(node("a", "test/sleep"), edges="lead>a"))
    worker.submit(id_)

    assert not await worker.wait(id_, 0.01)


async def test_executions_left_by_a_dead_process_are_taken_over_at_start(engine: Engine) -> None:
    lease = START + timedelta(seconds=30)
    dead = await engine.insert(workflow(), status="running", claimed_by=f"{HERE}:4194305:x", claimed_until=lease)
    before_us = await engine.insert(workflow(), claimed_by=f"{HERE}:{os.getpid()}:x", claimed_until=lease)
    worker = make_worker(engine)

    await worker.start()

    assert await worker.wait(dead, 5)
    assert await worker.wait(before_us, 5)
    await worker.stop()


async def test_what_a_living_process_holds_is_left_to_it_until_its_lease_ends(engine: Engine) -> None:
    until = START + timedelta(seconds=30)
    held = await engine.insert(workflow(), claimed_by="elsewhere:1:x", claimed_until=until)

    async def claim() -> list[str]:
        return await engine.store.claim("me", now=engine.clock.now(), until=until, limit=10)

    assert await claim() == []
    engine.clock.advance(31)
    assert await claim() == [held]


async def test_an_execution_is_claimed_by_one_only(engine: Engine) -> None:
    ids = [await engine.insert(workflow()) for _ in range(10)]
    until = START + timedelta(seconds=30)

    claims = [engine.store.claim(f"w{n}", now=START, until=until, limit=5) for n in range(4)]
    claimed = [id_ for got in await asyncio.gather(*claims) for id_ in got]

    assert sorted(claimed) == ids


async def test_no_more_run_at_once_than_allowed(engine: Engine) -> None:
    running = 0
    most = 0

    async def count(context: StepContext) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1

    engine.steps["test/own"] = Step(run=count, name="own", label="Own", description="")
    ids = [await engine.insert(workflow(node("a", "test/own"), edges="lead>a")) for _ in range(7)]
    worker = make_worker(engine, limit=2)
    await worker.start()

    for id_ in ids:
        worker.submit(id_)
    assert all(await asyncio.gather(*(worker.wait(id_, 5) for id_ in ids)))

    assert most <= 2
    await worker.stop()


async def test_a_stopping_worker_lets_steps_end_and_leaves_the_rest_to_be_resumed(engine: Engine) -> None:
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def slow(context: StepContext) -> None:
        begun.set()
        await may_end.wait()

    engine.steps["test/own"] = Step(run=slow, name="own", label="Own", description="")
    id_ = await engine.insert(workflow(node("a", "test/own"), node("b"), edges="lead>a a>b"))
    worker = make_worker(engine)
    await worker.start()
    await begun.wait()

    stopping = asyncio.create_task(worker.stop())
    await asyncio.sleep(0)
    may_end.set()
    await stopping

    execution = await engine.get(id_)
    assert (execution.status, execution.claimed_by) == ("running", None)
    assert await engine.statuses(id_) == {"lead": "succeeded", "a": "succeeded"}


async def test_a_step_that_does_not_end_is_interrupted_and_runs_again_elsewhere(engine: Engine) -> None:
    begun = asyncio.Event()

    async def stuck(context: StepContext) -> None:
        if not begun.is_set():
            begun.set()
            await asyncio.Event().wait()

    engine.steps["test/own"] = Step(run=stuck, name="own", label="Own", description="")
    id_ = await engine.insert(workflow(node("a", "test/own"), edges="lead>a"))
    first, second = make_worker(engine), make_worker(engine)
    await first.start()
    await begun.wait()

    await first.stop(grace=0)
    await second.start()

    assert await second.wait(id_, 5)
    assert (await engine.store.summarize_nodes(id_))["a"].attempts == 2
    await second.stop()
