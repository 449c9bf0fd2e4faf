"""The worker: who drives what, also after a crash, and how it leaves."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from engine.events import Event
from engine.sdk import Step, StepContext, Taken
from engine.worker import Worker
from tests.engine.build import node, workflow
from tests.engine.conftest import START, Engine


def make_worker(engine: Engine, *, limit: int = 100) -> Worker:
    return Worker(engine.store, engine.claims, engine.journal, engine.mailbox, engine.tools, limit=limit)


@pytest.fixture
async def worker(engine: Engine) -> AsyncIterator[Worker]:
    worker = make_worker(engine)
    await worker.start()
    yield worker
    await worker.stop(grace=0)


async def test_a_submitted_execution_is_driven_at_once(engine: Engine, worker: Worker) -> None:
    id_ = await engine.insert(workflow(node("a", inputs={"value": 1}), edges="lead>a"))

    worker.submit(id_)

    assert await worker.wait(id_, 30)
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
    left = await engine.insert(workflow(), status="running", claimed_by="wk_dead", claimed_until=lease)
    worker = make_worker(engine)

    await worker.start()

    assert await worker.wait(left, 30)
    await worker.stop()


async def test_a_worker_that_is_stopped_twice_does_no_harm(engine: Engine) -> None:
    worker = make_worker(engine)
    await worker.start()

    await worker.stop()
    await worker.stop()


async def test_what_a_living_process_holds_is_left_to_it_until_its_lease_ends(engine: Engine) -> None:
    until = START + timedelta(seconds=30)
    held = await engine.insert(workflow(), claimed_by="elsewhere:1:x", claimed_until=until)

    async def claim() -> list[str]:
        return await engine.claims.claim("me", now=engine.clock.now(), until=until, limit=10)

    assert await claim() == []
    engine.clock.advance(31)
    assert await claim() == [held]


async def test_an_execution_is_claimed_by_one_only(engine: Engine) -> None:
    ids = [await engine.insert(workflow()) for _ in range(10)]
    until = START + timedelta(seconds=30)

    claims = [engine.claims.claim(f"w{n}", now=START, until=until, limit=5) for n in range(4)]
    claimed = [id_ for got in await asyncio.gather(*claims) for id_ in got]

    assert sorted(claimed) == sorted(ids)


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
    assert all(await asyncio.gather(*(worker.wait(id_, 30) for id_ in ids)))

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


async def test_what_can_not_be_written_ends_its_own_execution_only(engine: Engine) -> None:
    async def spoil(context: StepContext) -> Taken:
        return Taken(output=1, handles=("\ud800",))

    engine.steps["test/own"] = Step(run=spoil, name="own", label="Own", description="")
    guilty = await engine.insert(workflow(node("a", "test/own"), edges="lead>a"))
    fine = [await engine.insert(workflow(node("a"), edges="lead>a")) for _ in range(20)]
    worker = make_worker(engine)
    await worker.start()

    assert all(await asyncio.gather(*(worker.wait(id_, 30) for id_ in [guilty, *fine])))

    assert {(await engine.get(id_)).status for id_ in fine} == {"succeeded"}
    assert ((await engine.get(guilty)).error or {})["type"] == "unwritable"
    await worker.stop()


async def test_after_a_pause_longer_than_its_lease_a_process_does_not_run_its_steps_twice(engine: Engine) -> None:
    step = CountedStep(engine)
    id_ = await engine.insert(workflow(node("a", "test/own"), edges="lead>a"))
    worker = make_worker(engine)
    await worker.start()
    await step.begun.wait()

    engine.clock.advance(60)
    other = await engine.insert(workflow())
    worker.submit(other)
    await worker.wait(other, 30)

    assert step.count == 1
    step.may_end.set()
    assert await worker.wait(id_, 30)
    await worker.stop()


async def test_what_others_claimed_during_a_pause_is_left_to_them(engine: Engine) -> None:
    step = CountedStep(engine)
    id_ = await engine.insert(workflow(node("a", "test/own"), edges="lead>a"))
    worker = make_worker(engine)
    await worker.start()
    await step.begun.wait()
    await engine.journal.close()
    log = await engine.log(id_)

    engine.clock.time += timedelta(seconds=60)
    await engine.claims.claim("other", now=engine.clock.now(), until=engine.clock.now() + timedelta(hours=1), limit=10)
    engine.clock.advance(0)
    await step.stopped.wait()

    assert await engine.log(id_) == log
    assert (await engine.get(id_)).claimed_by == "other"
    await worker.stop()


async def test_a_claim_is_renewed_while_the_execution_is_driven(engine: Engine) -> None:
    step = CountedStep(engine)
    id_ = await engine.insert(workflow(node("a", "test/own"), edges="lead>a"))
    worker = make_worker(engine)
    await worker.start()
    await step.begun.wait()
    renewed = asyncio.Event()
    renew = engine.claims.renew

    async def renew_and_tell(*args: Any, **options: Any) -> set[str]:
        held = await renew(*args, **options)
        renewed.set()
        return held

    engine.claims.renew = renew_and_tell  # type: ignore[method-assign]
    engine.clock.advance(10)
    await renewed.wait()

    assert (await engine.get(id_)).claimed_until == START + timedelta(seconds=40)
    await worker.stop(grace=0)


async def test_a_database_away_for_ten_seconds_costs_nothing(engine: Engine) -> None:
    step = CountedStep(engine)
    id_ = await engine.insert(workflow(node("a", "test/own"), node("b"), edges="lead>a a>b"))
    worker = make_worker(engine)
    await worker.start()
    await step.begun.wait()
    append, failed = engine.store.append, asyncio.Event()

    async def refuse(events: Sequence[Event]) -> None:
        failed.set()
        raise OSError("connection refused")

    engine.store.append = refuse  # type: ignore[method-assign]
    step.may_end.set()
    await failed.wait()
    engine.clock.advance(10)
    engine.store.append = append  # type: ignore[method-assign]
    await pass_time(engine, id_)

    assert step.count == 1
    await worker.stop()


async def test_what_a_database_away_for_long_interrupted_is_taken_up_again(engine: Engine) -> None:
    step = CountedStep(engine)
    step.may_end.set()
    id_ = await engine.insert(workflow(node("a", "test/own"), edges="lead>a"))
    append, failures = engine.store.append, 0

    async def refuse(events: Sequence[Event]) -> None:
        nonlocal failures
        failures += 1
        engine.clock.advance(15)
        raise OSError("connection refused")

    engine.store.append = refuse  # type: ignore[method-assign]
    worker = make_worker(engine)
    await worker.start()
    while failures < 2:
        await asyncio.sleep(0)
        engine.clock.advance(1)
    engine.store.append = append  # type: ignore[method-assign]
    await pass_time(engine, id_)

    assert [event.seq for event in await engine.log(id_)] == [1, 2, 3, 4, 5, 6]
    assert step.count == 1
    await worker.stop()


async def pass_time(engine: Engine, execution_id: str) -> None:
    """Let time pass until the execution has ended."""
    while (await engine.get(execution_id)).status != "succeeded":
        engine.clock.advance(1)


class CountedStep:
    """A step `test/own` that ends when it may, and counts how often it began."""

    def __init__(self, engine: Engine) -> None:
        self.count = 0
        self.begun, self.may_end, self.stopped = asyncio.Event(), asyncio.Event(), asyncio.Event()
        engine.steps["test/own"] = Step(run=self.run, name="own", label="Own", description="")

    async def run(self, context: StepContext) -> None:
        self.count += 1
        self.begun.set()
        try:
            await self.may_end.wait()
        finally:
            self.stopped.set()


async def test_a_snapshot_that_is_no_workflow_fails_with_a_reason(engine: Engine, worker: Worker) -> None:
    id_ = await engine.insert({"nodes": [], "edges": []})
    worker.submit(id_)

    assert await worker.wait(id_, 30)
    assert (await engine.get(id_)).error == {
        "type": "invalid_workflow",
        "message": "The workflow has no trigger: add one.",
    }


async def test_a_log_that_does_not_fit_its_definition_stops_nobody_else(engine: Engine) -> None:
    definition = workflow(node("a", inputs={"value": 1}), edges="lead>a")
    strange, plain = await engine.insert(definition), await engine.insert(definition)
    for seq, node_id in enumerate((None, "gone"), 1):
        await engine.journal.append(
            Event(execution_id=strange, seq=seq, status="running", timestamp=START, node_id=node_id)
        )

    worker = make_worker(engine)
    await worker.start()

    assert await worker.wait(plain, 30)
    assert await worker.wait(strange, 30)
    error = (await engine.get(strange)).error
    assert error
    assert error["message"] == "Event 2 of the log doesn't fit the definition: start the workflow anew."
    await worker.stop()


async def test_while_the_database_is_away_the_worker_looks_no_more_often_than_usual(engine: Engine) -> None:
    """Although something that waits has been due for long."""
    await engine.insert(workflow(), status="waiting", resume_at=START + timedelta(seconds=0.5))
    worker = make_worker(engine)
    await worker.start()
    await engine.clock.until_somebody_sleeps(START + timedelta(seconds=0.5))
    looks = 0

    async def claim(*_: Any, **__: Any) -> list[str]:
        nonlocal looks
        looks += 1
        raise OperationalError("claim", None, Exception("the server is gone"))

    engine.claims.claim = claim  # type: ignore[method-assign]
    engine.clock.advance(0.7)
    for _ in range(200):
        await asyncio.sleep(0)

    assert looks == 1
    await worker.stop()
