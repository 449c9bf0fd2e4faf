"""Executions over the REST interface."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from app.runtime import Runtime
from app.services import accounts, logs, workflows
from engine.models import Execution
from tests.app.conftest import PASSWORD, Register
from tests.app.shapes import GREETING, node, workflow

Json = dict[str, Any]


async def create(browser: httpx.AsyncClient, definition: Json = GREETING) -> str:
    id_: str = (await browser.post("/api/workflows", json=definition)).json()["id"]
    return id_


async def execute(browser: httpx.AsyncClient, workflow_id: str, **options: Any) -> Json:
    answer = await browser.post(f"/api/workflows/{workflow_id}/execute", params={"wait": 20}, **options)
    assert answer.status_code == 200, answer.text
    ended: Json = answer.json()
    return ended


async def read_stream(browser: httpx.AsyncClient, execution_id: str, **headers: str) -> list[Json]:
    answer = await browser.get(f"/api/executions/{execution_id}/events", headers=headers)
    assert answer.headers["content-type"].startswith("text/event-stream")
    return [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: ")]


async def test_an_execution_is_started_and_ends_with_its_result(alice: httpx.AsyncClient) -> None:
    workflow_id = await create(alice)
    ended = await execute(alice, workflow_id, json={"input": {"name": "Ada"}})

    assert (ended["status"], ended["result"], ended["input"]) == ("succeeded", {"text": "Hello"}, {"name": "Ada"})
    assert {id_: node["status"] for id_, node in ended["nodes"].items()} == {
        "start": "succeeded",
        "greet": "succeeded",
    }
    assert ended["definition"]["nodes"] == GREETING["nodes"]


async def test_what_an_execution_never_came_to_is_skipped_once_it_has_ended(alice: httpx.AsyncClient) -> None:
    definition = workflow(node("stop", "code/python", code="1/0"), node("after", "data/set-fields", fields={"a": 1}))
    definition["nodes"].append(node("lonely", "data/set-fields", fields={"a": 1}))
    ended = await execute(alice, await create(alice, definition))

    statuses = {id_: node["status"] for id_, node in ended["nodes"].items()}
    assert statuses == {"start": "succeeded", "stop": "failed", "after": "skipped", "lonely": "skipped"}
    assert ended["nodes"]["lonely"]["attempts"] == 0


async def test_without_waiting_the_answer_is_that_it_was_accepted(alice: httpx.AsyncClient) -> None:
    answer = await alice.post(f"/api/workflows/{await create(alice)}/execute", json={"input": {}})

    assert answer.status_code == 202
    assert answer.json().keys() == {"execution_id", "status"}


async def test_the_same_key_gives_the_same_execution(alice: httpx.AsyncClient) -> None:
    workflow_id, headers = await create(alice), {"Idempotency-Key": "order-7"}
    answers = await asyncio.gather(
        *(alice.post(f"/api/workflows/{workflow_id}/execute", json={}, headers=headers) for _ in range(5))
    )
    other = await alice.post(f"/api/workflows/{workflow_id}/execute", headers={"Idempotency-Key": "order-8"})

    assert len({answer.json()["execution_id"] for answer in answers}) == 1
    assert other.json()["execution_id"] != answers[0].json()["execution_id"]


async def test_the_same_key_gives_the_same_execution_whatever_has_been_edited_since(alice: httpx.AsyncClient) -> None:
    workflow_id, headers = await create(alice), {"Idempotency-Key": "order-7"}
    first = await alice.post(f"/api/workflows/{workflow_id}/execute", headers=headers)
    broken = {"nodes": workflow(node("greet", "data/nothing"))["nodes"]}
    await alice.patch(f"/api/workflows/{workflow_id}", json=broken)
    again = await alice.post(f"/api/workflows/{workflow_id}/execute", headers=headers)

    assert again.json()["execution_id"] == first.json()["execution_id"]


async def test_a_workflow_with_problems_is_not_started(alice: httpx.AsyncClient) -> None:
    workflow_id = await create(alice, workflow(node("greet", "data/nothing"), node("greet2", "data/nowhere")))
    answer = await alice.post(f"/api/workflows/{workflow_id}/execute", json={})

    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_workflow")
    assert answer.json()["error"]["message"] == "The workflow has 2 problems."
    assert {detail["node"] for detail in answer.json()["error"]["details"]} == {"greet", "greet2"}


async def test_an_execution_keeps_its_own_copy_of_the_workflow(alice: httpx.AsyncClient) -> None:
    workflow_id = await create(alice)
    ended = await execute(alice, workflow_id)
    await alice.patch(f"/api/workflows/{workflow_id}", json={"nodes": [], "edges": []})
    await alice.delete(f"/api/workflows/{workflow_id}")

    assert (await alice.get(f"/api/executions/{ended['id']}")).json() == ended


async def test_the_log_is_read_in_pages(alice: httpx.AsyncClient) -> None:
    ended = await execute(alice, await create(alice))
    rows: list[Json] = []
    params: Json = {"limit": 2}
    while params.get("cursor", "") is not None:
        page = (await alice.get(f"/api/executions/{ended['id']}/logs", params=params)).json()
        rows += page["items"]
        params["cursor"] = page["next_cursor"]

    assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))
    assert rows[-1]["status"] == "succeeded"
    assert [row["output"] for row in rows if row["node_id"] == "greet" and row["output"]] == [{"text": "Hello"}]
    assert all(row["iteration"] == [] and row["timestamp"].endswith("Z") for row in rows)


async def test_the_events_are_those_of_the_log_and_go_on_after_the_last_one(alice: httpx.AsyncClient) -> None:
    started = (await alice.post(f"/api/workflows/{await create(alice)}/execute", json={})).json()
    events = await read_stream(alice, started["execution_id"])
    resumed = await read_stream(alice, started["execution_id"], **{"Last-Event-ID": "2"})
    nothing = await read_stream(alice, started["execution_id"], **{"Last-Event-ID": "99"})
    logs = (await alice.get(f"/api/executions/{started['execution_id']}/logs")).json()["items"]

    assert (events, resumed, nothing) == (logs, logs[2:], [])


async def test_a_watcher_who_hears_nothing_is_told_that_it_still_runs(rt: Runtime) -> None:
    alice = await accounts.create_user(rt, email="alice@example.com", password=PASSWORD, name="Alice")
    made = await workflows.create_workflow(rt, alice, GREETING)
    waiting = Execution(workflow_id=made.id, definition=GREETING, status="waiting")
    async with rt.database.write() as session:
        await rt.store.insert_execution(session, waiting)
    events = logs.watch(rt, alice, waiting.id, patience=0)

    assert await anext(events) is None
    await events.aclose()


async def test_the_list_is_newest_first_and_filtered(alice: httpx.AsyncClient) -> None:
    greeting, other = await create(alice), await create(alice, workflow(name="Other"))
    first = await execute(alice, greeting, json={"input": {"name": "Zoë"}})
    second = await execute(alice, other)

    async def ids(path: str = "/api/executions", **params: Any) -> list[str]:
        return [item["id"] for item in (await alice.get(path, params=params)).json()["items"]]

    assert await ids() == [second["id"], first["id"]]
    assert await ids(workflow=greeting) == await ids(f"/api/workflows/{greeting}/executions") == [first["id"]]
    assert await ids(status="failed") == await ids(trigger="webhook") == await ids(trigger="\0") == []
    assert await ids(since=second["created_at"]) == [second["id"]]
    assert await ids(until=first["created_at"]) == [first["id"]]
    assert await ids(search=first["id"].upper()) == [first["id"]]


async def test_a_page_of_executions_leads_to_the_next(alice: httpx.AsyncClient) -> None:
    workflow_id = await create(alice)
    started = [(await execute(alice, workflow_id))["id"] for _ in range(3)]
    first = (await alice.get("/api/executions", params={"limit": 2})).json()
    second = (await alice.get("/api/executions", params={"limit": 2, "cursor": first["next_cursor"]})).json()

    assert [item["id"] for item in first["items"] + second["items"]] == started[::-1]
    assert second["next_cursor"] is None


@pytest.mark.parametrize("path", ["", "/logs", "/events"])
async def test_a_stranger_sees_no_execution(
    alice: httpx.AsyncClient, register: Register, stranger: httpx.AsyncClient, path: str
) -> None:
    charlie = await register("charlie")
    workflow_id = await create(alice)
    ended = await execute(alice, workflow_id)
    url = f"/api/executions/{ended['id']}{path}"
    refused = await charlie.post(f"/api/workflows/{workflow_id}/execute", json={})

    assert [(await browser.get(url)).status_code for browser in (charlie, stranger)] == [403, 401]
    assert (await charlie.get(f"/api/executions/ex_unknown{path}")).status_code == 404
    assert (await charlie.get("/api/executions")).json()["items"] == []
    assert refused.status_code == 403


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"json": {"input": 7}}, 422),
        ({"json": {"input": {"text": "\0"}}}, 422),
        ({"params": {"wait": 301}}, 422),
        ({"params": {"wait": "nan"}}, 422),
        ({"headers": {"Idempotency-Key": "x" * 201}}, 422),
        ({"headers": {"Idempotency-Key": ""}}, 422),
    ],
)
async def test_a_bad_start_is_refused(alice: httpx.AsyncClient, options: Json, status: int) -> None:
    answer = await alice.post(f"/api/workflows/{await create(alice)}/execute", **options)

    assert answer.status_code == status
    assert (await alice.get("/api/executions")).json()["items"] == []


@pytest.mark.parametrize(
    ("path", "params", "headers"),
    [
        ("/api/executions", {"status": "done"}, {}),
        ("/api/executions", {"since": "yesterday"}, {}),
        ("/api/executions", {"since": "0001-01-01T00:00:00+14:00"}, {}),
        ("/api/executions", {"cursor": "WzFd"}, {}),
        ("/api/executions", {"cursor": "WyJcdTAwMDAiXQ"}, {}),
        ("/api/executions/{id}/logs", {"cursor": "WyJhIl0"}, {}),
        ("/api/executions/{id}/events", {}, {"Last-Event-ID": "x"}),
        ("/api/executions/{id}/events", {}, {"Last-Event-ID": str(10**30)}),
    ],
)
async def test_bad_parameters_are_refused(
    alice: httpx.AsyncClient, path: str, params: Json, headers: dict[str, str]
) -> None:
    ended = await execute(alice, await create(alice))
    answer = await alice.get(path.format(id=ended["id"]), params=params, headers=headers)

    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "invalid"
