"""How many executions of a workflow are open at a time, and what becomes of one too many."""

import asyncio
from typing import Any

import httpx
import pytest

from app.runtime import Runtime
from tests.app.driving import create, finish, reach, read, read_rows, start
from tests.app.shapes import node, workflow

Json = dict[str, Any]


def limited(limit: int, when_full: str, *, seconds: float = 3600) -> Json:
    concurrency = {"limit": limit, "when_full": when_full}
    return workflow(node("nap", "flow/delay", seconds=seconds), concurrency=concurrency)


async def statuses(browser: httpx.AsyncClient, workflow_id: str) -> list[str]:
    """Of all executions, the oldest first."""
    items = (await read(browser, f"/api/workflows/{workflow_id}/executions"))["items"]
    return [item["status"] for item in items[::-1]]


async def test_one_too_many_waits_for_its_turn(rt: Runtime, alice: httpx.AsyncClient) -> None:
    workflow_id = await create(alice, limited(1, "queue"))
    first, second = [await start(alice, workflow_id) for _ in range(2)]
    await reach(rt, first, None, "waiting")

    assert await statuses(alice, workflow_id) == ["waiting", "pending"]
    await alice.post(f"/api/executions/{first}/cancel")
    await reach(rt, second, None, "waiting")
    assert await statuses(alice, workflow_id) == ["cancelled", "waiting"]


async def test_never_more_than_the_limit_are_open_however_many_come_at_once(
    rt: Runtime, alice: httpx.AsyncClient
) -> None:
    workflow_id = await create(alice, limited(3, "queue", seconds=0.01))
    open_, most = set[str](), 0

    def listen(events: Any) -> None:
        nonlocal most
        for event in events:
            if event.node_id is None and event.status == "running":
                open_.add(event.execution_id)
            elif event.node_id is None and event.status == "succeeded":
                open_.discard(event.execution_id)
            most = max(most, len(open_))

    rt.journal.subscribe(listen)
    started = await asyncio.gather(*(start(alice, workflow_id) for _ in range(20)))
    ended = [(await finish(rt, alice, id_))["status"] for id_ in started]

    assert (most, ended) == (3, ["succeeded"] * 20)


async def test_one_too_many_is_recorded_as_skipped(rt: Runtime, alice: httpx.AsyncClient) -> None:
    workflow_id = await create(alice, limited(2, "skip"))
    started = await asyncio.gather(*(start(alice, workflow_id) for _ in range(5)))
    skipped = [
        each for id_ in started if (each := await read(alice, f"/api/executions/{id_}"))["status"] == "cancelled"
    ]

    assert len(skipped) == 3
    assert skipped[0]["error"]["type"] == "skipped_when_full"
    assert [row["status"] for row in await read_rows(alice, skipped[0]["id"])] == ["cancelled"]


async def test_the_oldest_are_ended_for_new_ones(rt: Runtime, alice: httpx.AsyncClient) -> None:
    workflow_id = await create(alice, limited(2, "cancel_older"))
    started = []
    for _ in range(4):
        started.append(await start(alice, workflow_id))
        await reach(rt, started[-1], None, "waiting")

    assert await statuses(alice, workflow_id) == ["cancelled", "cancelled", "waiting", "waiting"]
    assert (await read(alice, f"/api/executions/{started[0]}"))["error"] == {
        "type": "replaced_by_newer",
        "message": "Of this workflow 2 executions may be open at a time. A newer one has taken the place of this one.",
    }
    assert (await read(alice, f"/api/executions/{started[2]}"))["error"] is None


async def test_a_workflow_that_runs_itself_does_not_wait_for_itself(rt: Runtime, alice: httpx.AsyncClient) -> None:
    definition = limited(1, "queue")
    workflow_id = await create(alice, definition)
    again = node("again", "flow/run-workflow", workflow=workflow_id, input="{}", wait=True)
    await alice.patch(
        f"/api/workflows/{workflow_id}", json={"nodes": workflow(again)["nodes"], "edges": workflow(again)["edges"]}
    )
    ended = await finish(rt, alice, await start(alice, workflow_id))

    assert "Does one of them run itself?" in ended["error"]["message"]


async def test_the_limit_is_kept_with_the_workflow(alice: httpx.AsyncClient) -> None:
    workflow_id = await create(alice, limited(2, "skip"))

    assert (await read(alice, f"/api/workflows/{workflow_id}"))["concurrency"] == {"limit": 2, "when_full": "skip"}


@pytest.mark.parametrize(
    "concurrency",
    [5, {}, {"limit": 0}, {"limit": 1_001}, {"limit": True}, {"limit": "2"}, {"limit": 1, "when_full": "drop"}],
)
async def test_a_limit_that_makes_no_sense_is_a_problem(alice: httpx.AsyncClient, concurrency: Any) -> None:
    workflow_id = await create(alice, limited(1, "queue") | {"concurrency": concurrency})
    answer = await alice.post(f"/api/workflows/{workflow_id}/execute")

    assert (answer.status_code, answer.json()["error"]["details"][0]["field"]) == (422, "concurrency")
