"""Retrying executions: what has been done isn't done again."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from app.runtime import Runtime
from tests.app.conftest import Register
from tests.app.counting import Counting, open_counting
from tests.app.driving import create, finish, reach, read, read_rows, run, start
from tests.app.shapes import GREETING, node, workflow

Json = dict[str, Any]
pytestmark = pytest.mark.parametrize("environment", [{"TREADLE_EGRESS_ALLOW": "127.0.0.1"}])


@pytest.fixture
async def service() -> AsyncIterator[Counting]:
    async with open_counting() as counting:
        yield counting


def edge(source: str, target: str, handle: str | None = None) -> Json:
    return {"id": f"{source}-{handle}-{target}", "source": source, "target": target, "sourceHandle": handle}


def within(group: Json, *body: Json) -> list[Json]:
    """A group and the chain of its body."""
    return [group, *({**inner, "parentId": group["id"]} for inner in body)]


async def retry(rt: Runtime, browser: httpx.AsyncClient, execution_id: str, **body: str) -> Json:
    answer = await browser.post(f"/api/executions/{execution_id}/retry", json=body)
    assert answer.status_code == 202, answer.text
    return await finish(rt, browser, answer.json()["execution_id"])


async def test_a_retry_begins_with_what_failed(rt: Runtime, alice: httpx.AsyncClient, service: Counting) -> None:
    service.failing = {"b"}
    old = await run(rt, alice, workflow(*map(service.step, "abc")), input={"order": 7})
    service.failing = set()
    new = await retry(rt, alice, old["id"])

    assert (old["status"], new["status"], new["retry_of"]) == ("failed", "succeeded", old["id"])
    assert service.calls == {"a": 1, "b": 2, "c": 1}
    assert (new["input"], new["definition"], new["trigger"]) == (old["input"], old["definition"], old["trigger"])
    rows = await read_rows(alice, new["id"])
    assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))
    assert [(row["node_id"], row["status"]) for row in rows[:3]] == [
        ("start", "succeeded"),
        ("a", "succeeded"),
        (None, "running"),
    ]


async def test_a_retry_from_the_start_does_everything_again(
    rt: Runtime, alice: httpx.AsyncClient, service: Counting
) -> None:
    old = await run(rt, alice, workflow(*map(service.step, "ab")))
    new = await retry(rt, alice, old["id"], **{"from": "start"})

    assert (new["status"], service.calls) == ("succeeded", {"a": 2, "b": 2})


async def test_a_retry_from_a_node_does_it_and_all_behind_it_again(
    rt: Runtime, alice: httpx.AsyncClient, service: Counting
) -> None:
    definition = workflow(*map(service.step, "abcd"))
    definition["edges"][-1] = edge("a", "d")
    join = service.step("e", join="any")
    definition["nodes"].append(join)
    definition["edges"] += [edge("c", "e"), edge("d", "e")]
    old = await run(rt, alice, definition)
    new = await retry(rt, alice, old["id"], **{"from": "b"})

    assert (new["status"], service.calls) == ("succeeded", {"a": 1, "b": 2, "c": 2, "d": 1, "e": 2})


async def test_of_a_loop_only_the_iterations_that_failed_run_again(
    rt: Runtime, alice: httpx.AsyncClient, service: Counting
) -> None:
    loop = node("each", "logic/for-each", type_="group", items="{{ [0, 1, 2, 3, 4] }}", concurrency=2)
    body = service.step("a", "a{{ index }}"), service.step("b", "b{{ index }}")
    definition = workflow(service.step("before"), loop, service.step("after"))
    definition["nodes"] += within(loop, *body)[1:]
    definition["edges"].append(edge("a", "b"))
    service.failing = {"b3"}
    old = await run(rt, alice, definition)
    service.failing = set()
    new = await retry(rt, alice, old["id"])

    assert (old["status"], new["status"]) == ("failed", "succeeded")
    assert service.calls["b3"] == 2
    assert {path: count for path, count in service.calls.items() if count > 1} in ({"b3": 2}, {"b3": 2, "a4": 2})
    assert [item["status"] for item in new["nodes"].values()] == ["succeeded"] * 6


async def test_from_a_node_in_a_loop_each_iteration_that_is_open_keeps_what_came_before(
    rt: Runtime, alice: httpx.AsyncClient, service: Counting
) -> None:
    loop = node("each", "logic/for-each", type_="group", items="{{ [0, 1, 2] }}", concurrency=3)
    definition = workflow(loop, service.step("after"))
    definition["nodes"] += within(loop, *(service.step(id_, id_ + "{{ index }}") for id_ in "ab"))[1:]
    definition["edges"].append(edge("a", "b"))
    old = await run(rt, alice, definition)
    new = await retry(rt, alice, old["id"], **{"from": "b"})

    assert new["status"] == "succeeded"
    assert service.calls == {"a0": 1, "a1": 1, "a2": 1, "b0": 2, "b1": 2, "b2": 2, "after": 2}


async def test_a_repeat_goes_on_with_the_iteration_that_failed(
    rt: Runtime, alice: httpx.AsyncClient, service: Counting
) -> None:
    loop = node("again", "logic/repeat", type_="group", until="index >= 3", max_iterations=10)
    definition = workflow(loop)
    definition["nodes"].append(service.step("a", "a{{ index }}") | {"parentId": "again"})
    service.failing = {"a2"}
    old = await run(rt, alice, definition)
    service.failing = set()
    new = await retry(rt, alice, old["id"])

    assert (new["status"], service.calls) == ("succeeded", {"a0": 1, "a1": 1, "a2": 2, "a3": 1})
    again = await retry(rt, alice, new["id"], **{"from": "a"})
    assert (again["status"], service.calls["a0"]) == ("succeeded", 2)


async def test_a_failure_that_was_lived_with_is_no_reason_to_run_again(
    rt: Runtime, alice: httpx.AsyncClient, service: Counting
) -> None:
    loop = node("each", "logic/for-each", type_="group", items="{{ [0, 1] }}", concurrency=1)
    loop["data"]["on_error"] = "continue"
    definition = workflow(service.step("a", on_error="continue"), loop, service.step("last"))
    definition["nodes"].append(service.step("inner") | {"parentId": "each"})
    service.failing = {"a", "inner", "last"}
    old = await run(rt, alice, definition)
    service.failing = set()
    new = await retry(rt, alice, old["id"])

    assert (old["status"], new["status"]) == ("failed", "succeeded")
    assert service.calls == {"a": 1, "inner": 1, "last": 2}


async def test_a_retry_has_large_values_of_its_own(rt: Runtime, alice: httpx.AsyncClient, service: Counting) -> None:
    loop = node("each", "logic/for-each", type_="group", items="{{ [1, 2] }}", concurrency=1)
    make = node("make", "code/python", code="['x' * 1000] * 300") | {"parentId": "each"}
    last = node("last", "code/python", code="[len(each), len(each[1]), each[1][299][0]]")
    definition = workflow(loop, service.step("fail"), last)
    definition["nodes"].append(make)
    service.failing = {"fail"}
    old = await run(rt, alice, definition)
    service.failing = set()
    failing = await alice.post(f"/api/executions/{old['id']}/retry", json={"from": "fail"})
    await rt.files.delete(old["id"])
    new = await finish(rt, alice, failing.json()["execution_id"])

    assert (new["status"], new["result"], service.calls["fail"]) == ("succeeded", [2, 300, "x"], 2)


async def test_a_cancelled_execution_can_be_retried(rt: Runtime, alice: httpx.AsyncClient, service: Counting) -> None:
    definition = workflow(service.step("a"), node("nap", "flow/delay", seconds=3600))
    id_ = await start(alice, await create(alice, definition))
    await reach(rt, id_, None, "waiting")
    early = await alice.post(f"/api/executions/{id_}/retry", json={})
    await alice.post(f"/api/executions/{id_}/cancel")
    again = (await alice.post(f"/api/executions/{id_}/retry", json={})).json()["execution_id"]
    await reach(rt, again, None, "waiting")

    assert (early.status_code, early.json()["error"]["code"]) == (409, "conflict")
    assert service.calls == {"a": 1}


async def test_a_retry_may_take_the_draft_as_it_is_now(
    rt: Runtime, alice: httpx.AsyncClient, service: Counting
) -> None:
    service.failing = {"wrong"}
    definition = workflow(service.step("a"), service.step("b"), service.step("c", "wrong"))
    workflow_id = await create(alice, definition)
    old = await finish(rt, alice, await start(alice, workflow_id))
    mended = workflow(service.step("a"), service.step("b", "b2"), service.step("c"), service.step("d"))
    mended["nodes"][1]["data"]["label"] = "Other name"
    await alice.patch(f"/api/workflows/{workflow_id}", json={"nodes": mended["nodes"], "edges": mended["edges"]})
    new = await retry(rt, alice, old["id"], definition="current")

    assert (new["status"], service.calls) == ("succeeded", {"a": 1, "b": 1, "wrong": 1, "b2": 1, "c": 1, "d": 1})
    assert new["definition"]["nodes"] == mended["nodes"]


async def test_there_must_be_something_to_retry(
    rt: Runtime, alice: httpx.AsyncClient, register: Register, stranger: httpx.AsyncClient
) -> None:
    charlie = await register("charlie")
    done = await run(rt, alice, GREETING)
    path = f"/api/executions/{done['id']}/retry"
    bodies: list[Json] = [{"from": "failed"}, {"from": "nowhere"}, {"from": 7}, {"definition": "newest"}]

    assert [(await alice.post(path, json=body)).status_code for body in bodies] == [409, 422, 422, 422]
    assert [(await browser.post(path, json={"from": "start"})).status_code for browser in (charlie, stranger)] == [
        403,
        401,
    ]
    assert (await alice.post("/api/executions/ex_unknown/retry", json={})).status_code == 404
    assert (await read(alice, "/api/executions"))["items"][0]["id"] == done["id"]
