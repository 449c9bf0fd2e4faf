"""Running one node of a draft, and drafts with pinned outputs."""

from typing import Any

import httpx
import pytest

from app.runtime import Runtime
from tests.app.conftest import Register
from tests.app.driving import create, finish, read_rows, run, start
from tests.app.shapes import node, workflow

Json = dict[str, Any]


def code(id_: str, text: str, **data: Any) -> Json:
    made = node(id_, "code/python", code=text)
    made["data"] |= data
    return made


CHAIN = workflow(code("a", "start.n + 1"), code("b", "a * 10"), code("c", "b + a"))


async def run_node(rt: Runtime, browser: httpx.AsyncClient, workflow_id: str, id_: str, **body: Any) -> Json:
    return await finish(rt, browser, await start(browser, workflow_id, node=id_, **body))


async def ran(browser: httpx.AsyncClient, execution: Json) -> set[str]:
    """The nodes that were really run."""
    rows = await read_rows(browser, execution["id"])
    return {row["node_id"] for row in rows if row["status"] == "running" and row["node_id"]}


async def test_a_node_runs_with_what_those_before_it_gave_last(rt: Runtime, alice: httpx.AsyncClient) -> None:
    workflow_id = await create(alice, CHAIN)
    await finish(rt, alice, await start(alice, workflow_id, input={"n": 1}))
    await finish(rt, alice, await start(alice, workflow_id, input={"n": 2}))
    alone = await run_node(rt, alice, workflow_id, "b")

    assert (alone["status"], alone["result"], alone["trigger"]) == ("succeeded", 30, "test")
    assert await ran(alice, alone) == {"b"}
    assert [each["id"] for each in alone["definition"]["nodes"]] == ["start", "a", "b"]


async def test_what_is_given_goes_before_what_is_pinned_and_that_before_the_last_output(
    rt: Runtime, alice: httpx.AsyncClient
) -> None:
    definition = workflow(code("a", "1", pinned=2), code("b", "3"), code("c", "[start, a, b]"))
    workflow_id = await create(alice, definition)
    await finish(rt, alice, await start(alice, workflow_id))
    first = await run_node(rt, alice, workflow_id, "c")
    second = await run_node(rt, alice, workflow_id, "c", pinned={"a": 4, "b": 5}, input={"x": 1})
    third = await run_node(rt, alice, workflow_id, "c")

    assert [each["result"] for each in (first, second, third)] == [[{}, 2, 3], [{"x": 1}, 4, 5], [{}, 2, 3]]


async def test_nodes_can_be_run_one_after_another(rt: Runtime, alice: httpx.AsyncClient) -> None:
    workflow_id = await create(alice, CHAIN)
    alone = [await run_node(rt, alice, workflow_id, id_, input={"n": 1}) for id_ in ("start", "a", "b", "c")]

    assert [each["result"] for each in alone] == [{"n": 1}, 2, 20, 22]


async def test_nodes_without_an_output_are_named(rt: Runtime, alice: httpx.AsyncClient) -> None:
    answer = await alice.post(f"/api/workflows/{await create(alice, CHAIN)}/execute", json={"node": "c"})
    error = answer.json()["error"]

    assert (answer.status_code, [detail["node"] for detail in error["details"]]) == (422, ["a", "b"])
    assert "A, B" in error["message"]


async def test_a_node_runs_whatever_way_the_condition_before_it_went(rt: Runtime, alice: httpx.AsyncClient) -> None:
    check = node("check", "logic/condition", type_="condition", expression="start.n > 5")
    definition = workflow(check, code("small", "start.n"))
    definition["edges"][-1]["sourceHandle"] = "false"
    workflow_id = await create(alice, definition)
    await finish(rt, alice, await start(alice, workflow_id, input={"n": 9}))

    assert (await run_node(rt, alice, workflow_id, "small"))["result"] == 9


async def test_large_outputs_are_taken_over_whole(rt: Runtime, alice: httpx.AsyncClient) -> None:
    workflow_id = await create(alice, workflow(code("a", "['x' * 1000] * 300"), code("b", "[len(start), len(a)]")))
    whole = await finish(rt, alice, await start(alice, workflow_id))
    alone = await start(alice, workflow_id, node="b")
    await rt.files.delete(whole["id"])
    given = await run_node(rt, alice, workflow_id, "b", pinned={"a": ["y" * 1000] * 400})

    assert (await finish(rt, alice, alone))["result"] == [0, 300]
    assert given["result"] == [0, 400]


async def test_a_loop_runs_as_a_whole_and_its_nodes_not_alone(rt: Runtime, alice: httpx.AsyncClient) -> None:
    loop = node("each", "logic/for-each", type_="group", items="{{ a }}", concurrency=1)
    definition = workflow(code("a", "[1, 2]"), loop)
    definition["nodes"].append(code("inner", "item * 2") | {"parentId": "each"})
    workflow_id = await create(alice, definition)
    answer = await alice.post(f"/api/workflows/{workflow_id}/execute", json={"node": "inner"})
    alone = await run_node(rt, alice, workflow_id, "each", pinned={"a": [5, 6]})

    assert (answer.status_code, "run the loop" in answer.json()["error"]["message"]) == (422, True)
    assert alone["result"] == [10, 12]


async def test_problems_of_other_nodes_are_in_nobodys_way(rt: Runtime, alice: httpx.AsyncClient) -> None:
    definition = workflow(code("a", "1"), code("b", "a + 1"), node("broken", "data/nothing"))
    definition["nodes"].append(code("lonely", "1"))
    workflow_id = await create(alice, definition)
    bad = [
        await alice.post(f"/api/workflows/{workflow_id}/execute", json={"node": id_})
        for id_ in ("broken", "lonely", "nowhere")
    ]

    assert (await run_node(rt, alice, workflow_id, "b", pinned={"a": 1}))["result"] == 2
    assert [answer.status_code for answer in bad] == [422, 422, 422]


async def test_what_is_given_for_a_node_that_is_not_there_is_named(rt: Runtime, alice: httpx.AsyncClient) -> None:
    workflow_id = await create(alice, workflow(code("a", "1"), code("b", "a")))
    body = {"node": "b", "pinned": {"a": 1, "aa": 2, "x": 3}}
    answer = await alice.post(f"/api/workflows/{workflow_id}/execute", json=body)

    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (422, "invalid")
    assert error["message"] == "There is no node 'aa' or 'x' in this workflow: correct pinned."
    assert [(each["node"], each["field"]) for each in error["details"]] == [("aa", "pinned"), ("x", "pinned")]


async def test_a_test_takes_what_is_pinned(rt: Runtime, alice: httpx.AsyncClient) -> None:
    definition = workflow(code("a", "1/0", pinned=7), code("b", "a + 1"))
    workflow_id = await create(alice, definition)
    test = await finish(rt, alice, await start(alice, workflow_id, test=True))
    real = await finish(rt, alice, await start(alice, workflow_id))

    assert (test["status"], test["result"], test["trigger"]) == ("succeeded", 8, "test")
    assert real["status"] == "failed"


@pytest.mark.parametrize("body", [{"node": 7}, {"node": "a", "pinned": []}, {"node": "a", "pinned": {"start": "\0"}}])
async def test_a_bad_request_is_refused(alice: httpx.AsyncClient, body: Json) -> None:
    assert (await alice.post(f"/api/workflows/{await create(alice, CHAIN)}/execute", json=body)).status_code == 422


async def test_only_those_who_may_run_the_workflow_run_a_node(
    rt: Runtime, alice: httpx.AsyncClient, register: Register
) -> None:
    charlie = await register("charlie")
    workflow_id = (await run(rt, alice, CHAIN, input={"n": 1}))["workflow_id"]

    assert (await charlie.post(f"/api/workflows/{workflow_id}/execute", json={"node": "a"})).status_code == 403
