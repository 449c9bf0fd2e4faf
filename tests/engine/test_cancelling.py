"""A cancelled execution ends at once, whatever it does, and nothing of it goes on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from engine.models import Execution
from engine.sdk import Loop, Step, StepContext, Wait
from engine.worker import Worker
from tests.engine.build import node, workflow
from tests.engine.conftest import START, Engine


@pytest.fixture
async def worker(engine: Engine) -> AsyncIterator[Worker]:
    worker = Worker(engine.store, engine.claims, engine.journal, engine.mailbox, engine.tools, limit=3)
    await worker.start()
    yield worker
    await worker.stop(grace=0)


async def cancel(engine: Engine, worker: Worker, execution_id: str) -> None:
    for id_ in await engine.mailbox.request_cancel(execution_id, START):
        await worker.wake(id_)
    assert await worker.wait(execution_id, 30)


async def until_idle() -> None:
    """Let all go on that can without anything from outside."""
    for _ in range(100):
        await asyncio.sleep(0)


def hold(engine: Engine, name: str = "test/hold") -> tuple[asyncio.Event, asyncio.Event]:
    """Add a step that never ends; return what tells that it runs, and that it was interrupted."""
    running, interrupted = asyncio.Event(), asyncio.Event()

    async def run(context: StepContext) -> None:
        running.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            interrupted.set()
            raise

    engine.steps[name] = Step(run=run, name="hold", label="Hold", description="")
    return running, interrupted


async def test_a_running_step_is_interrupted_and_nothing_follows(engine: Engine, worker: Worker) -> None:
    running, interrupted = hold(engine)
    id_ = await engine.insert(workflow(node("a", "test/hold"), node("b"), edges="lead>a a>b"))
    worker.submit(id_)
    await running.wait()

    await cancel(engine, worker, id_)

    assert interrupted.is_set()
    assert await engine.statuses(id_) == {"lead": "succeeded", "a": "cancelled"}
    execution = await engine.get(id_)
    assert (execution.status, execution.error and execution.error["type"]) == ("cancelled", "cancelled")


async def test_code_that_never_ends_is_interrupted(engine: Engine, worker: Worker) -> None:
    id_ = await engine.insert(workflow(node("a", "test/code", inputs={"code": "while True: pass"}), edges="lead>a"))
    worker.submit(id_)
    await engine.until("running", id_, "a")

    await cancel(engine, worker, id_)

    assert (await engine.get(id_)).status == "cancelled"


async def test_a_step_that_does_not_give_up_is_not_waited_for(engine: Engine, worker: Worker) -> None:
    running, release = asyncio.Event(), asyncio.Event()

    async def stubborn(context: StepContext) -> None:
        running.set()
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue

    engine.steps["test/hold"] = Step(run=stubborn, name="hold", label="Hold", description="")
    id_ = await engine.insert(workflow(node("a", "test/hold"), edges="lead>a"))
    worker.submit(id_)
    await running.wait()

    await cancel(engine, worker, id_)
    await worker.stop()
    release.set()
    await until_idle()

    assert (await engine.get(id_)).status == "cancelled"
    assert (await engine.log(id_))[-1].node_id is None


async def test_what_would_follow_a_step_that_ends_when_it_is_interrupted_never_begins(
    engine: Engine, worker: Worker
) -> None:
    running, begun = asyncio.Event(), asyncio.Event()

    async def finish(context: StepContext) -> None:
        running.set()
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()

    async def begin(context: StepContext) -> None:
        begun.set()

    engine.steps["test/finish"] = Step(run=finish, name="finish", label="Finish", description="")
    engine.steps["test/begin"] = Step(run=begin, name="begin", label="Begin", description="")
    id_ = await engine.insert(workflow(node("a", "test/finish"), node("b", "test/begin"), edges="lead>a a>b"))
    worker.submit(id_)
    await running.wait()

    await cancel(engine, worker, id_)

    assert not begun.is_set()
    assert (await engine.log(id_))[-1].node_id is None


async def test_what_waits_is_cancelled_without_being_run(engine: Engine, worker: Worker) -> None:
    async def wait(context: StepContext) -> Wait:
        return Wait(what="request")

    engine.steps["test/wait"] = Step(run=wait, name="wait", label="Wait", description="")
    id_ = await engine.insert(workflow(node("a", "test/wait"), node("b"), edges="lead>a a>b"))
    await engine.drive(id_)

    await cancel(engine, worker, id_)

    assert await engine.statuses(id_) == {"lead": "succeeded", "a": "cancelled"}


async def test_a_loop_is_cancelled_with_all_that_runs_in_it(engine: Engine, worker: Worker) -> None:
    async def each(context: StepContext) -> Loop:
        return Loop(items=[1, 2, 3], concurrency=2)

    running, _ = hold(engine)
    engine.steps["test/each"] = Step(run=each, name="each", label="Each", description="", node_type="group")
    body: dict[str, Any] = node("a", "test/hold") | {"parentId": "all"}
    id_ = await engine.insert(workflow(node("all", "test/each") | {"type": "group"}, body, edges="lead>all"))
    worker.submit(id_)
    await running.wait()

    await cancel(engine, worker, id_)

    last = {(event.node_id, event.iteration): event.status for event in await engine.log(id_)}
    assert last[("all", ())] == last[("a", (0,))] == last[("a", (1,))] == "cancelled"
    assert ("a", (2,)) not in last


async def test_one_that_has_not_begun_is_cancelled_although_no_more_may_run(engine: Engine, worker: Worker) -> None:
    hold(engine)
    definition = workflow(node("a", "test/hold"), edges="lead>a")
    running = [await engine.insert(definition) for _ in range(3)]
    for id_ in running:
        worker.submit(id_)
    queued = await engine.insert(definition)
    worker.submit(queued)

    await cancel(engine, worker, queued)

    assert (await engine.get(queued)).status == "cancelled"
    assert await engine.statuses(queued) == {}


async def test_to_cancel_twice_or_too_late_is_harmless(engine: Engine, worker: Worker) -> None:
    id_ = (await engine.run(workflow(node("a", inputs={"value": 1}), edges="lead>a"))).id

    await cancel(engine, worker, id_)
    await cancel(engine, worker, id_)

    assert ((await engine.get(id_)).status, (await engine.get(id_)).result) == ("succeeded", 1)


async def test_the_children_are_cancelled_with_their_parent(engine: Engine, worker: Worker) -> None:
    hold(engine)
    definition = workflow(node("a", "test/hold"), edges="lead>a")
    parent = await engine.insert(definition)
    child = await engine.insert(definition, parent_id=parent)
    grandchild = await engine.insert(definition, parent_id=child)
    for id_ in (parent, child, grandchild):
        worker.submit(id_)

    await cancel(engine, worker, parent)

    assert await worker.wait(child, 30)
    assert await worker.wait(grandchild, 30)
    assert {(await engine.get(id_)).status for id_ in (parent, child, grandchild)} == {"cancelled"}


async def test_a_cancellation_outlives_the_process(engine: Engine) -> None:
    hold(engine)
    id_ = await engine.insert(workflow(node("a", "test/hold"), edges="lead>a"), status="running")
    await engine.mailbox.request_cancel(id_, START)

    await engine.drive(id_)

    assert (await engine.get(id_)).status == "cancelled"


async def test_a_cancellation_gets_through_beside_a_child_that_ends(engine: Engine) -> None:
    """The end of a child locks it and then its parent, a cancellation the other way round."""
    parent = await engine.insert(workflow())
    child = await engine.insert(workflow(), parent_id=parent)

    with suppress(DBAPIError):  # PostgreSQL ends one of the two
        async with engine.database.write() as session:
            await touch(session, child)
            cancelling = asyncio.create_task(engine.mailbox.request_cancel(parent, START))
            while not (engine.database.is_sqlite or await is_locked(engine, parent)):
                pass  # each look is a turn for the others
            await touch(session, parent)

    assert await cancelling == [parent, child]


async def touch(session: AsyncSession, execution_id: str) -> None:
    await session.exec(update(Execution).where(col(Execution.id) == execution_id).values(updated_at=START))


async def is_locked(engine: Engine, execution_id: str) -> bool:
    row = select(Execution.id).where(Execution.id == execution_id).with_for_update(skip_locked=True)
    async with engine.database.read() as session:
        return (await session.exec(row)).first() is None
