"""Starting many executions at the same time, on both databases."""

import asyncio
from pathlib import Path

import pytest

from app.models import User
from app.runtime import Runtime, open_runtime
from app.services import accounts, answering, executions, retrying, starting, workflows
from app.settings import read_settings
from tests.app.conftest import PASSWORD
from tests.app.shapes import GREETING, node, workflow


async def make_alice(rt: Runtime) -> User:
    return await accounts.create_user(rt, email="alice@example.com", password=PASSWORD, name="Alice")


async def test_many_that_start_at_once_all_run(rt: Runtime) -> None:
    alice = await make_alice(rt)
    made = await workflows.create_workflow(rt, alice, GREETING)
    started = await asyncio.gather(
        *(starting.start_execution(rt, alice, made.id, input={"n": n}, idempotency_key=f"{n % 20}") for n in range(40))
    )
    ended = [await starting.wait_for(rt, alice, execution.id, 20) for execution in started[:20]]

    assert [execution.input["n"] % 20 for execution in ended] == list(range(20))
    assert {execution.status for execution in ended} == {"succeeded"}
    assert [execution.id for execution in started[20:]] == [execution.id for execution in started[:20]]


async def test_an_edit_is_in_the_next_execution(rt: Runtime) -> None:
    alice = await make_alice(rt)
    made = await workflows.create_workflow(rt, alice, GREETING)
    before = await starting.start_execution(rt, alice, made.id, input={})
    await workflows.patch_workflow(rt, alice, made.id, {"description": "New"})
    after = await starting.start_execution(rt, alice, made.id, input={})

    assert [execution.definition["description"] for execution in (before, after)] == ["", "New"]


@pytest.mark.parametrize(("trigger", "priority"), [("manual", 0), ("test", 0), ("webhook", 1), ("schedule", 2)])
async def test_who_waits_for_an_execution_goes_first(rt: Runtime, trigger: str, priority: int) -> None:
    alice = await make_alice(rt)
    made = await workflows.create_workflow(rt, alice, GREETING)

    assert (await starting.start_execution(rt, alice, made.id, input={}, trigger=trigger)).priority == priority


@pytest.mark.postgresql
async def test_limits_decisions_and_retries_work_on_postgresql(postgresql_url: str, tmp_path: Path) -> None:
    settings = read_settings({"TREADLE_DATA": str(tmp_path), "DATABASE_URL": postgresql_url})
    asking = workflow(
        node("ask", "flow/approval", message="?"), concurrency={"limit": 1, "when_full": "skip"}, name="Asking"
    )
    async with open_runtime(settings) as rt:
        alice = await make_alice(rt)
        asking_id = (await workflows.create_workflow(rt, alice, asking)).id
        call = node("call", "flow/run-workflow", workflow=asking_id, input="{}")
        calling = await workflows.create_workflow(rt, alice, workflow(call, name="Calling"))
        parent = await starting.start_execution(rt, alice, calling.id, input={})
        await starting.wait_for(rt, alice, parent.id, 0.5)
        started = await asyncio.gather(
            *(starting.start_execution(rt, alice, asking_id, input={}, idempotency_key=str(n)) for n in range(5))
        )
        (child,) = (await executions.list_executions(rt, alice, status="waiting", workflow_id=asking_id)).items
        await answering.decide_approval(rt, alice, child.id, node="ask", decision="rejected")
        ended = await starting.wait_for(rt, alice, parent.id, 20)
        retried = await retrying.retry_execution(rt, alice, parent.id, begin="call")

    assert {execution.status for execution in started} == {"cancelled"}
    assert (ended.status, ended.result["decision"]) == ("succeeded", "rejected")
    assert (retried.retry_of, retried.status) == (parent.id, "pending")
