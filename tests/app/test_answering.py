"""Answers to executions that wait: decisions and requests."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from app.runtime import Runtime, open_runtime
from app.security import without_session_cookie
from app.settings import Settings
from tests.app.conftest import Clock, Register
from tests.app.driving import create, finish, reach, read, start
from tests.app.shapes import node, workflow
from tests.engine.conftest import FakeClock

Json = dict[str, Any]


def approval(**inputs: Any) -> Json:
    """A workflow that asks, and then says what was decided."""
    asking = node("ask", "flow/approval", message="Refund?", **inputs)
    definition = workflow(asking, node("said", "data/set-fields", fields={"said": "{{ ask }}"}))
    definition["edges"][-1]["sourceHandle"] = "approved"
    return definition


WEBHOOK = workflow(node("hook", "flow/wait-for-webhook"), node("got", "data/set-fields", fields={"got": "{{ hook }}"}))


@pytest.fixture
def engine_clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def rt(settings: Settings, clock: Clock, engine_clock: FakeClock) -> AsyncIterator[Runtime]:
    async with open_runtime(settings, clock=clock, engine_clock=engine_clock) as runtime:
        yield runtime


async def ask(rt: Runtime, browser: httpx.AsyncClient, **inputs: Any) -> str:
    """Start a workflow that waits for a decision."""
    id_ = await start(browser, await create(browser, approval(**inputs)))
    await reach(rt, id_, None, "waiting")
    return id_


async def decide(browser: httpx.AsyncClient, execution_id: str, **body: Any) -> httpx.Response:
    return await browser.post(
        f"/api/executions/{execution_id}/approve", json={"node": "ask", "decision": "approved", **body}
    )


async def wait_for_url(rt: Runtime, browser: httpx.AsyncClient) -> tuple[str, str]:
    """Start a workflow that waits for a request; return its execution's id and the URL."""
    id_ = await start(browser, await create(browser, WEBHOOK))
    event = await reach(rt, id_, "hook", "waiting")
    await reach(rt, id_, None, "waiting")
    return id_, event.output["resume_url"]


async def test_the_owner_decides_and_the_execution_goes_on(rt: Runtime, alice: httpx.AsyncClient) -> None:
    id_ = await ask(rt, alice)
    answer = await decide(alice, id_, comment="Fine.")
    ended = await finish(rt, alice, id_)

    assert (answer.status_code, answer.json()["id"]) == (200, id_)
    said = ended["result"]["said"]
    assert said.pop("at").startswith("2026-11-01T12:00")
    assert said == {"decision": "approved", "by": "alice@example.com", "comment": "Fine."}


async def test_a_second_decision_is_refused(rt: Runtime, alice: httpx.AsyncClient) -> None:
    id_ = await ask(rt, alice)
    answers = await asyncio.gather(*(decide(alice, id_, decision=said) for said in ("approved", "rejected")))
    await finish(rt, alice, id_)

    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert (await decide(alice, id_)).status_code == 409


async def test_approvers_decide_although_they_cannot_see_the_workflow(
    rt: Runtime, alice: httpx.AsyncClient, register: Register
) -> None:
    bob, charlie = await register("bob"), await register("charlie")
    id_ = await ask(rt, alice, approvers="BOB@Example.com, dora@example.com")
    refused = [(await decide(browser, id_)).status_code for browser in (alice, charlie)]

    assert refused == [403, 403]
    assert (await bob.get(f"/api/executions/{id_}")).status_code == 403
    assert (await decide(bob, id_)).status_code == 200
    assert (await finish(rt, alice, id_))["result"]["said"]["by"] == "bob@example.com"


async def test_after_the_time_limit_it_is_too_late(
    rt: Runtime, alice: httpx.AsyncClient, engine_clock: FakeClock
) -> None:
    id_ = await ask(rt, alice, timeout=60)
    engine_clock.advance(61)
    answer = await decide(alice, id_)
    ended = await finish(rt, alice, id_)

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "conflict")
    assert ended["nodes"]["said"]["status"] == "skipped"


async def test_a_decision_needs_somebody_who_waits_for_it(
    rt: Runtime, alice: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    id_ = await ask(rt, alice)
    bad = [{"node": "start"}, {"iteration": [0]}, {"decision": "maybe"}, {"comment": "\0"}]
    answers = [(await decide(alice, id_, **body)).status_code for body in bad]

    assert answers == [404, 404, 422, 422]
    assert (await decide(alice, "ex_unknown")).status_code == 404
    assert (await decide(stranger, id_)).status_code == 401


async def test_in_a_loop_each_iteration_is_decided_by_itself(rt: Runtime, alice: httpx.AsyncClient) -> None:
    each = node("each", "logic/for-each", type_="group", items="{{ [1, 2, 3] }}", concurrency=3)
    inner = node("ask", "flow/approval", message="{{ item }}?") | {"parentId": "each"}
    definition = workflow(each)
    definition["nodes"].append(inner)
    id_ = await start(alice, await create(alice, definition))
    await reach(rt, id_, None, "waiting")
    await decide(alice, id_, iteration=[1], decision="rejected")
    await decide(alice, id_, comment="the first")
    await decide(alice, id_, comment="the last")
    ended = await finish(rt, alice, id_)

    decisions = [(said["decision"], said["comment"]) for said in ended["result"]]
    assert decisions == [("approved", "the first"), ("rejected", ""), ("approved", "the last")]


async def test_a_request_to_its_own_url_wakes_an_execution(
    rt: Runtime, alice: httpx.AsyncClient, stranger: httpx.AsyncClient, settings: Settings
) -> None:
    id_, url = await wait_for_url(rt, alice)
    headers = {"X-Shop": "Nord"}
    answer = await stranger.post(url, params={"a": "1", "b": ["2", "3"]}, json={"paid": True}, headers=headers)
    got = (await finish(rt, alice, id_))["result"]["got"]

    assert url.startswith(f"{settings.public_url}/api/resume/")
    assert (answer.status_code, answer.json()["execution_id"]) == (200, id_)
    assert (got["method"], got["path"], got["body"]) == ("POST", url.removeprefix(settings.public_url), {"paid": True})
    assert got["query"] == {"a": "1", "b": ["2", "3"]}
    assert got["headers"]["x-shop"] == "Nord"


def test_a_request_is_handed_on_without_our_own_session() -> None:
    assert without_session_cookie("treadle_session=secret; theme=dark") == "theme=dark"
    assert without_session_cookie("treadle_session=secret") == ""


@pytest.mark.parametrize(
    ("options", "body"),
    [
        ({"method": "GET"}, None),
        ({"method": "PUT", "content": "Grüße"}, "Grüße"),
        ({"method": "DELETE", "json": [1]}, [1]),
        ({"method": "PATCH", "data": {"a": "b"}}, "a=b"),
        ({"method": "POST", "content": "{}", "headers": {"Content-Type": "application/vnd.shop+json"}}, {}),
    ],
)
async def test_any_method_and_body_will_do(
    rt: Runtime, alice: httpx.AsyncClient, stranger: httpx.AsyncClient, options: Json, body: Any
) -> None:
    id_, url = await wait_for_url(rt, alice)
    answer = await stranger.request(url=url, **options)

    assert answer.status_code == 200
    assert (await finish(rt, alice, id_))["result"]["got"]["body"] == body


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"content": "{", "headers": {"Content-Type": "application/json"}}, 400),
        ({"content": b"\xff"}, 400),
        ({"json": "\0"}, 422),
        ({"content": "x" * 70_000, "headers": {"Authorization": "Bearer x"}}, 413),
    ],
)
async def test_a_bad_request_is_refused_and_does_not_count(
    rt: Runtime, alice: httpx.AsyncClient, stranger: httpx.AsyncClient, options: Json, status: int
) -> None:
    _, url = await wait_for_url(rt, alice)

    assert (await stranger.post(url, **options)).status_code == status
    assert (await stranger.post(url)).status_code == 200


async def test_a_url_serves_once_and_an_unknown_one_never(
    rt: Runtime, alice: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    _, url = await wait_for_url(rt, alice)
    answers = await asyncio.gather(*(stranger.post(url) for _ in range(4)))
    cancelled, other = await wait_for_url(rt, alice)
    await alice.post(f"/api/executions/{cancelled}/cancel")

    assert sorted(answer.status_code for answer in answers) == [200, 410, 410, 410]
    assert (await stranger.post(other)).status_code == 410
    assert (await stranger.post("/api/resume/unknown")).status_code == 404


async def test_executions_that_wait_are_listed_as_such(rt: Runtime, alice: httpx.AsyncClient) -> None:
    id_ = await ask(rt, alice)
    listed = await read(alice, "/api/executions?status=waiting")

    assert [(item["id"], item["status"]) for item in listed["items"]] == [(id_, "waiting")]
    assert (await read(alice, f"/api/executions/{id_}"))["nodes"]["ask"]["status"] == "waiting"
