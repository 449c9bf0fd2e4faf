"""Ending executions before their time."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from app.runtime import Runtime, open_runtime
from app.services import control, owners
from app.settings import Settings
from tests.app.conftest import Register
from tests.app.driving import create, finish, reach, read, read_rows, run, start
from tests.app.shapes import GREETING, node, workflow
from tests.ports import find_free_port

Json = dict[str, Any]
SLEEPING = workflow(node("nap", "flow/delay", seconds=1.9))  # too short to be let go of
WAITING = workflow(node("nap", "flow/delay", seconds=3600), node("after", "data/set-fields", fields={"a": 1}))
COMPUTING = workflow(node("endless", "code/python", code="while True:\n    pass"))


async def cancel(browser: httpx.AsyncClient, execution_id: str) -> Json:
    began = time.perf_counter()
    answer = await browser.post(f"/api/executions/{execution_id}/cancel")
    assert answer.status_code == 200, answer.text
    assert time.perf_counter() - began < 1.4
    said: Json = answer.json()
    return said


@pytest.fixture
async def silent_server() -> AsyncIterator[int]:
    """A port that takes requests and never answers."""

    async def listen(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    port = find_free_port()
    server = await asyncio.start_server(listen, "127.0.0.1", port)
    yield port
    server.close()


@pytest.mark.parametrize(
    ("definition", "status"), [(SLEEPING, "waiting"), (WAITING, "waiting"), (COMPUTING, "running")]
)
async def test_a_cancelled_execution_ends_at_once(
    rt: Runtime, alice: httpx.AsyncClient, definition: Json, status: str
) -> None:
    id_ = await start(alice, await create(alice, definition))
    await reach(rt, id_, definition["nodes"][1]["id"], status)

    assert await cancel(alice, id_) == {"id": id_, "status": "cancelled"}
    ended = await read(alice, f"/api/executions/{id_}")
    assert ended["error"] == {"type": "cancelled", "message": "The execution was cancelled."}
    assert {row["status"] for row in await read_rows(alice, id_)} <= {"running", "waiting", "succeeded", "cancelled"}


@pytest.mark.parametrize("environment", [{"TREADLE_EGRESS_ALLOW": "127.0.0.1"}])
async def test_cancelling_interrupts_a_request_that_is_under_way(
    rt: Runtime, alice: httpx.AsyncClient, silent_server: int
) -> None:
    definition = workflow(node("ask", "http/request", method="GET", url=f"http://127.0.0.1:{silent_server}/"))
    id_ = await start(alice, await create(alice, definition))
    await reach(rt, id_, "ask", "running")

    assert (await cancel(alice, id_))["status"] == "cancelled"


async def test_an_execution_that_has_let_go_of_everything_can_be_cancelled(
    rt: Runtime, alice: httpx.AsyncClient
) -> None:
    id_ = await start(alice, await create(alice, WAITING))
    await reach(rt, id_, None, "waiting")

    assert (await cancel(alice, id_))["status"] == "cancelled"
    assert (await read(alice, f"/api/executions/{id_}"))["nodes"]["after"]["status"] == "skipped"


async def test_to_cancel_twice_or_after_the_end_changes_nothing(rt: Runtime, alice: httpx.AsyncClient) -> None:
    id_ = await start(alice, await create(alice, WAITING))
    await reach(rt, id_, None, "waiting")
    both = await asyncio.gather(cancel(alice, id_), cancel(alice, id_))
    rows = await read_rows(alice, id_)
    done = await run(rt, alice, GREETING)

    assert [said["status"] for said in (*both, await cancel(alice, id_))] == ["cancelled"] * 3
    assert await read_rows(alice, id_) == rows
    assert (await cancel(alice, done["id"]))["status"] == "succeeded"


@pytest.mark.parametrize("environment", [{"TREADLE_MAX_EXECUTIONS": "1"}])
async def test_what_waits_is_cancelled_while_no_more_executions_can_be_driven(
    rt: Runtime, alice: httpx.AsyncClient, settings: Settings
) -> None:
    waiting = await start(alice, await create(alice, WAITING))
    await reach(rt, waiting, None, "waiting")
    busy = await start(alice, await create(alice, COMPUTING))
    await reach(rt, busy, "endless", "running")
    pending = await start(alice, await create(alice, GREETING))

    assert (await cancel(alice, waiting))["status"] == "cancelled"
    assert (await cancel(alice, pending))["status"] == "cancelled"
    assert (await cancel(alice, busy))["status"] == "cancelled"


async def test_only_those_who_may_change_the_workflow_cancel(
    rt: Runtime, alice: httpx.AsyncClient, register: Register, stranger: httpx.AsyncClient
) -> None:
    charlie = await register("charlie")
    id_ = await start(alice, await create(alice, WAITING))
    path = f"/api/executions/{id_}/cancel"

    assert [(await browser.post(path)).status_code for browser in (charlie, stranger)] == [403, 401]
    assert (await alice.post("/api/executions/ex_unknown/cancel")).status_code == 404
    assert (await cancel(alice, id_))["status"] == "cancelled"


async def test_an_execution_is_cancelled_after_its_workflow_was_deleted(rt: Runtime, alice: httpx.AsyncClient) -> None:
    workflow_id = await create(alice, WAITING)
    id_ = await start(alice, workflow_id)
    await reach(rt, id_, None, "waiting")
    await alice.delete(f"/api/workflows/{workflow_id}")

    assert (await cancel(alice, id_))["status"] == "cancelled"
    assert (await finish(rt, alice, id_))["status"] == "cancelled"


async def test_a_command_cancels_what_the_server_drives(
    rt: Runtime, alice: httpx.AsyncClient, settings: Settings
) -> None:
    id_ = await start(alice, await create(alice, COMPUTING))
    await reach(rt, id_, "endless", "running")
    async with open_runtime(settings, drives="nothing") as command:
        owner = await owners.find_owner_of_execution(command, id_)
        await control.cancel_execution(command, owner, id_)

    assert (await finish(rt, alice, id_))["status"] == "cancelled"
