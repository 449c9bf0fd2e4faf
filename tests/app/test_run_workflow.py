"""Workflows that run others."""

import asyncio
from typing import Any

import httpx
import pytest

from app.runtime import Runtime
from engine.models import Execution
from tests.app.conftest import Register
from tests.app.driving import create, finish, reach, read, run, start
from tests.app.shapes import node, workflow

Json = dict[str, Any]
DOUBLE = workflow(node("double", "code/python", code="start.number * 2"), name="Double")
FAILING = workflow(node("fail", "code/python", code="1/0"), name="Failing")
WAITING = workflow(node("nap", "flow/delay", seconds=3600), name="Waiting")


def running(workflow_id: str, *others: Json, **inputs: Any) -> Json:
    """A workflow that runs another, with the number 21."""
    call = node("call", "flow/run-workflow", **{"workflow": workflow_id, "input": '{"number": 21}', **inputs})
    return workflow(call, *others, name="Caller")


async def find_child(browser: httpx.AsyncClient, workflow_id: str) -> Json:
    (child,) = (await read(browser, f"/api/workflows/{workflow_id}/executions"))["items"]
    found: Json = child
    return found


async def test_a_workflow_runs_another_and_has_its_result(rt: Runtime, alice: httpx.AsyncClient) -> None:
    double = await create(alice, DOUBLE)
    ended = await run(rt, alice, running(double))
    child = await find_child(alice, double)

    assert (ended["status"], ended["result"]) == ("succeeded", 42)
    assert (child["trigger"], child["status"]) == ("workflow", "succeeded")


async def test_without_waiting_it_has_the_id_of_the_execution(rt: Runtime, alice: httpx.AsyncClient) -> None:
    waiting = await create(alice, WAITING)
    ended = await run(rt, alice, running(waiting, wait=False))

    assert ended["result"] == {"execution_id": (await find_child(alice, waiting))["id"]}


async def test_what_fails_in_it_is_said_where_it_was_run(rt: Runtime, alice: httpx.AsyncClient) -> None:
    failing = await create(alice, FAILING)
    ended = await run(rt, alice, running(failing))

    assert (ended["status"], ended["error"]["node"], ended["error"]["type"]) == ("failed", "call", "workflow_failed")
    assert (await find_child(alice, failing))["id"] in ended["error"]["message"]


async def test_a_branch_goes_on_when_the_other_workflow_ends_and_not_when_all_branches_do(
    rt: Runtime, alice: httpx.AsyncClient
) -> None:
    definition = running(await create(alice, DOUBLE), node("after", "data/set-fields", fields={"a": 1}))
    definition["nodes"].append(node("endless", "code/python", code="while True:\n    pass"))
    definition["edges"].append({"id": "e9", "source": "start", "target": "endless"})
    id_ = await start(alice, await create(alice, definition))
    await reach(rt, id_, "after", "succeeded")

    assert (await read(alice, f"/api/executions/{id_}"))["nodes"]["endless"]["status"] == "running"
    await alice.post(f"/api/executions/{id_}/cancel")


async def test_who_is_cancelled_takes_what_it_runs_along(rt: Runtime, alice: httpx.AsyncClient) -> None:
    waiting = await create(alice, WAITING)
    id_ = await start(alice, await create(alice, running(waiting)))
    await reach(rt, id_, "call", "waiting")
    child = (await find_child(alice, waiting))["id"]
    await alice.post(f"/api/executions/{id_}/cancel")

    assert [(await finish(rt, alice, each))["status"] for each in (id_, child)] == ["cancelled"] * 2


async def test_a_workflow_that_runs_itself_comes_to_an_end(rt: Runtime, alice: httpx.AsyncClient) -> None:
    workflow_id = await create(alice, running("later"))
    await alice.patch(f"/api/workflows/{workflow_id}", json={"nodes": running(workflow_id)["nodes"]})
    ended = await finish(rt, alice, await start(alice, workflow_id))
    listed = (await read(alice, f"/api/workflows/{workflow_id}/executions"))["items"]

    assert (ended["status"], len(listed)) == ("failed", 11)
    assert "Does one of them run itself?" in listed[0]["error"]["message"]
    assert ended["error"]["message"] == f"{listed[0]['error']['message']} (In execution {listed[0]['id']}.)"


async def test_the_owner_must_be_allowed_to_run_it(rt: Runtime, alice: httpx.AsyncClient, register: Register) -> None:
    charlie = await register("charlie")
    ended = await run(rt, alice, running(await create(charlie, DOUBLE)))

    assert (ended["status"], ended["error"]["type"]) == ("failed", "no_workflow")
    assert "may not run" in ended["error"]["message"]


async def test_one_that_is_deleted_unknown_or_broken_is_not_run(rt: Runtime, alice: httpx.AsyncClient) -> None:
    deleted = await create(alice, DOUBLE)
    await alice.delete(f"/api/workflows/{deleted}")
    broken = await create(alice, workflow(node("a", "data/nothing")))
    messages = [(await run(rt, alice, running(id_)))["error"]["message"] for id_ in (deleted, "wf_unknown", broken)]

    assert messages[:2] == ["There is no workflow of this id, or it was deleted: choose another."] * 2
    assert "mend its problems" in messages[2]


async def make_parent(rt: Runtime, alice: httpx.AsyncClient, child_workflow: str) -> Execution:
    """An execution that runs a workflow, and that nobody drives."""
    definition = running(child_workflow)
    parent = Execution(workflow_id=await create(alice, definition), definition=definition, status="waiting")
    async with rt.database.write() as session:
        await rt.store.insert_execution(session, parent)
    return parent


async def test_an_attempt_that_was_interrupted_finds_the_execution_that_it_has_started(
    rt: Runtime, alice: httpx.AsyncClient
) -> None:
    double = await create(alice, DOUBLE)
    parent = await make_parent(rt, alice, double)
    first, again = await asyncio.gather(
        *(rt.outside.start_workflow(parent, double, {"number": 1}, "ex:call:") for _ in range(2))
    )
    await rt.worker.wait(first, 20)

    assert again == first == await rt.outside.start_workflow(parent, double, {"number": 1}, "ex:call:")
    assert (await find_child(alice, double))["id"] == first


async def test_one_that_has_failed_is_started_anew(rt: Runtime, alice: httpx.AsyncClient) -> None:
    failing = await create(alice, FAILING)
    parent = await make_parent(rt, alice, failing)
    ids = []
    for _ in range(3):
        ids.append(await rt.outside.start_workflow(parent, failing, {}, "ex:call:"))
        await rt.worker.wait(ids[-1], 20)

    assert len(set(ids)) == 3


async def test_a_parent_that_is_to_end_starts_nothing_more(rt: Runtime, alice: httpx.AsyncClient) -> None:
    double = await create(alice, DOUBLE)
    parent = await make_parent(rt, alice, double)
    await rt.mailbox.request_cancel(parent.id, rt.engine_clock.now())

    with pytest.raises(Exception, match="has ended"):
        await rt.outside.start_workflow(parent, double, {}, "ex:call:")
