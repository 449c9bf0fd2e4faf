"""What waits is let go of, and goes on exactly once: when its time comes, its answer, or the end of its child."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from engine.models import ExecutionWait
from engine.sdk import Answer, Step, StepContext, StepError, Taken, Wait
from engine.worker import Worker
from tests.engine.build import node, workflow
from tests.engine.conftest import START, Engine

REQUEST = {"method": "POST", "body": {"ok": True}}


@pytest.fixture
async def worker(engine: Engine) -> AsyncIterator[Worker]:
    worker = Worker(engine.store, engine.claims, engine.journal, engine.mailbox, engine.tools)
    await worker.start()
    yield worker
    await worker.stop(grace=0)


def with_wait(engine: Engine, wait: Wait) -> None:
    """Let the step test/wait wait so, and give what the answer is."""

    async def run(context: StepContext) -> Wait:
        return wait

    def resume(answer: Answer) -> Any:
        if answer.what == "time" and wait.what != "time":
            raise StepError("Nobody came.")
        return {"what": answer.what, "value": answer.value}

    engine.steps["test/wait"] = Step(run=run, resume=resume, name="wait", label="Wait", description="")


async def start(engine: Engine, **settings: Any) -> str:
    """Insert an execution that waits at `a`, and drive it until it does; a worker leaves it to us meanwhile."""
    definition = workflow(node("a", "test/wait", **settings), node("b"), edges="lead>a a>b")
    id_ = await engine.insert(definition, claimed_by="test", claimed_until=START + timedelta(hours=1))
    await engine.drive(id_)
    return id_


async def find_wait(engine: Engine, execution_id: str) -> ExecutionWait:
    waiting = next(event for event in await engine.log(execution_id) if event.node_id and event.status == "waiting")
    assert waiting.output
    wait = await engine.mailbox.find_request(waiting.output["resume_url"].rpartition("/")[2])
    assert wait
    return wait


async def test_an_execution_that_only_waits_is_let_go_of(engine: Engine) -> None:
    with_wait(engine, Wait(until=START + timedelta(hours=1)))

    execution = await engine.get(await start(engine))

    assert (execution.status, execution.claimed_by) == ("waiting", None)
    assert execution.resume_at == START + timedelta(hours=1)


async def test_it_goes_on_when_its_time_has_come_and_not_before(engine: Engine, worker: Worker) -> None:
    with_wait(engine, Wait(until=START + timedelta(hours=1)))
    id_ = await start(engine)

    assert await engine.claims.claim("w", now=engine.clock.now(), until=engine.clock.now(), limit=10) == []
    engine.clock.advance(3_600)

    assert await worker.wait(id_, 30)
    assert (await engine.statuses(id_)) == {"lead": "succeeded", "a": "succeeded", "b": "succeeded"}


async def test_a_command_goes_on_with_its_own_when_their_time_has_come(engine: Engine) -> None:
    with_wait(engine, Wait(until=START + timedelta(hours=1)))
    command = Worker(engine.store, engine.claims, engine.journal, engine.mailbox, engine.tools, takes_any=False)
    await command.start()
    id_ = await engine.insert(workflow(node("a", "test/wait"), edges="lead>a"))
    is_waiting = asyncio.Event()
    engine.journal.subscribe(lambda events: is_waiting.set() if events[-1].status == "waiting" else None)
    command.submit(id_)
    await is_waiting.wait()
    engine.clock.advance(3_600)

    assert await command.wait(id_, 30)
    await command.stop(grace=0)


async def test_a_short_wait_is_not_worth_letting_go(engine: Engine) -> None:
    with_wait(engine, Wait(until=START + timedelta(seconds=1)))

    driving = asyncio.create_task(start(engine))
    await engine.clock.until_somebody_sleeps()
    engine.clock.advance(1)
    id_ = await driving

    assert [event.status for event in await engine.log(id_) if event.node_id is None] == ["running", "succeeded"]


async def test_while_a_branch_waits_the_others_go_on(engine: Engine) -> None:
    with_wait(engine, Wait(what="request"))
    nodes = [node("a", "test/wait"), node("b"), node("c"), node("d")]
    id_ = await engine.insert(workflow(*nodes, edges="lead>a lead>b b>c a>d c>d"))

    await engine.drive(id_)

    assert await engine.statuses(id_) == {"lead": "succeeded", "a": "waiting", "b": "succeeded", "c": "succeeded"}


async def test_a_request_to_its_url_is_its_output(engine: Engine, worker: Worker) -> None:
    with_wait(engine, Wait(what="request"))
    id_ = await start(engine)

    assert await engine.mailbox.answer(await find_wait(engine, id_), REQUEST, START)
    await worker.wake(id_)

    assert await worker.wait(id_, 30)
    outputs = {event.node_id: event.output for event in await engine.log(id_) if event.status == "succeeded"}
    assert outputs["a"] == {"what": "request", "value": REQUEST}


async def test_an_answer_is_taken_once_however_many_come(engine: Engine) -> None:
    with_wait(engine, Wait(what="request"))
    wait = await find_wait(engine, await start(engine))

    taken = await asyncio.gather(*(engine.mailbox.answer(wait, {"n": n}, START) for n in range(10)))

    assert taken.count(True) == 1


async def test_an_answer_that_comes_before_it_was_let_go_is_not_lost(engine: Engine, worker: Worker) -> None:
    """The execution still runs another branch when the answer comes, and nobody tells its driver."""
    with_wait(engine, Wait(what="request"))
    running, go_on = asyncio.Event(), asyncio.Event()

    async def slow(context: StepContext) -> None:
        running.set()
        await go_on.wait()

    engine.steps["test/slow"] = Step(run=slow, name="slow", label="Slow", description="")
    id_ = await engine.insert(workflow(node("a", "test/wait"), node("b", "test/slow"), edges="lead>a lead>b"))
    worker.submit(id_)
    await running.wait()
    await engine.until("waiting", id_, "a")

    await engine.mailbox.answer(await find_wait(engine, id_), REQUEST, START)
    go_on.set()
    await engine.until("waiting", id_, None)
    engine.clock.advance(1)

    assert await worker.wait(id_, 30)


async def test_no_answer_is_taken_after_its_time(engine: Engine, worker: Worker) -> None:
    with_wait(engine, Wait(what="request", until=START + timedelta(minutes=5)))
    id_ = await start(engine)
    wait = await find_wait(engine, id_)

    engine.clock.advance(300)

    assert not await engine.mailbox.answer(wait, REQUEST, engine.clock.now())
    assert await worker.wait(id_, 30)
    error = (await engine.get(id_)).error
    assert error == {"type": "step_failed", "message": "Nobody came.", "node": "a"}


async def test_an_answer_in_the_last_moment_counts_although_its_time_is_over_when_it_is_read(engine: Engine) -> None:
    with_wait(engine, Wait(what="request", until=START + timedelta(minutes=5)))
    id_ = await start(engine)
    await engine.mailbox.answer(await find_wait(engine, id_), REQUEST, START + timedelta(seconds=299))

    engine.clock.advance(301)
    await engine.drive(id_)

    assert (await engine.get(id_)).status == "succeeded"


async def test_nobody_can_answer_an_execution_that_has_ended(engine: Engine) -> None:
    with_wait(engine, Wait(what="request"))
    id_ = await start(engine)
    wait = await find_wait(engine, id_)
    await engine.mailbox.request_cancel(id_, START)
    await engine.drive(id_)

    assert not await engine.mailbox.answer(wait, REQUEST, START)


async def test_an_approval_takes_the_end_that_was_decided(engine: Engine) -> None:
    async def ask(context: StepContext) -> Wait:
        return Wait(what="approval", approvers=("bob@example.com",), shown={"message": "May I?"})

    def decide(answer: Answer) -> Taken:
        return Taken(output=answer.value, handles=(answer.value["decision"],))

    engine.steps["test/ask"] = Step(
        run=ask, resume=decide, name="ask", label="Ask", description="", handles=("approved", "rejected")
    )
    id_ = await engine.insert(
        workflow(node("a", "test/ask"), node("yes"), node("no"), edges="lead>a a>yes:approved a>no:rejected")
    )
    await engine.drive(id_)

    (wait,) = await engine.mailbox.find_approvals(id_)
    await engine.mailbox.answer(wait, {"decision": "rejected"}, START)
    await engine.drive(id_)

    assert wait.approvers == ["bob@example.com"]
    assert await engine.statuses(id_) == {"lead": "succeeded", "a": "succeeded", "yes": "skipped", "no": "succeeded"}


async def test_the_end_of_a_child_wakes_its_parent(engine: Engine, worker: Worker) -> None:
    child = await engine.insert(workflow(node("x", inputs={"value": 7}), edges="lead>x"), status="waiting")
    with_wait(engine, Wait(what="execution", child=child))
    id_ = await start(engine)

    async with engine.database.write() as session:
        row = await session.get_one(type(await engine.get(child)), child)
        row.parent_id, row.is_woken = id_, True
    await worker.wake(child)

    assert await worker.wait(id_, 30)
    outputs = {event.node_id: event.output for event in await engine.log(id_) if event.status == "succeeded"}
    assert outputs["a"]["value"] == {"id": child, "status": "succeeded", "result": 7, "error": None}


async def test_to_have_waited_is_no_restart(engine: Engine) -> None:
    with_wait(engine, Wait(what="request"))
    id_ = await start(engine)
    for _ in range(20):  # woken for nothing
        await engine.drive(id_)

    await engine.mailbox.answer(await find_wait(engine, id_), REQUEST, START)
    await engine.drive(id_)

    assert (await engine.get(id_)).status == "succeeded"
    assert {event.attempt for event in await engine.log(id_)} == {1}


async def test_a_back_off_lets_go_of_the_execution_too(engine: Engine) -> None:
    async def fail(context: StepContext) -> None:
        raise StepError("Busy.", retryable=True, retry_after=600)

    engine.steps["test/wait"] = Step(run=fail, name="wait", label="Wait", description="")
    id_ = await start(engine, retry={"max_attempts": 2})

    execution = await engine.get(id_)

    assert execution.status == "waiting"
    assert execution.resume_at == START + timedelta(seconds=600)


async def test_nobody_sees_of_what_waits_more_than_that_it_has_no_output(engine: Engine) -> None:
    with_wait(engine, Wait(what="request"))
    nodes = [node("a", "test/wait"), node("b"), node("j", join="any", inputs={"value": "{{ [a, b] }}"})]
    id_ = await engine.insert(workflow(*nodes, edges="lead>a lead>b a>j b>j"))

    await engine.drive(id_)

    assert [event.output for event in await engine.log(id_) if event.node_id == "j"][-1] == [None, None]


async def test_a_child_is_cancelled_when_nobody_waits_for_it_any_more(engine: Engine) -> None:
    child = await engine.insert(workflow(), status="waiting")
    with_wait(engine, Wait(what="execution", child=child))
    nodes = [node("a", "test/wait"), node("b", "test/fail", inputs={"message": "No."})]
    id_ = await engine.insert(workflow(*nodes, edges="lead>a lead>b"))

    await engine.drive(id_)

    assert (await engine.get(id_)).status == "failed"
    assert (await engine.get(child)).cancel_requested_at == START
