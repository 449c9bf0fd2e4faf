"""Values that are too large for the log: shown by their beginning, and read as a whole."""

import json

import httpx
import pytest

from app.runtime import Runtime
from tests.app.conftest import Register
from tests.app.driving import create, read, read_rows, run
from tests.app.shapes import GREETING, node, workflow

LARGE = {"list": [{"text": "Grüße"}] * 30_000, "text": "é" * 400_000, "a": [1.5, None, True, {}]}
CODE = '{"list": [{"text": "Grüße"}] * 30000, "text": "é" * 400000, "a": [1.5, None, True, {}]}'
MADE = workflow(node("make", "code/python", code=CODE))


async def test_a_large_result_is_answered_whole(rt: Runtime, alice: httpx.AsyncClient) -> None:
    answer = await alice.post(f"/api/workflows/{await create(alice, MADE)}/execute", params={"wait": 20}, json={})
    ended = answer.json()
    again = await read(alice, f"/api/executions/{ended['id']}")

    assert ended["result"] == again["result"] == LARGE
    assert ended["files"]["result"].items() >= {"kind": "object", "count": 3}.items()


async def test_the_log_shows_the_beginning_and_where_the_whole_is(rt: Runtime, alice: httpx.AsyncClient) -> None:
    ended = await run(rt, alice, MADE)
    row = next(row for row in await read_rows(alice, ended["id"]) if row["node_id"] == "make" and row["files"])
    whole = await alice.get(row["files"]["output"]["url"])

    assert len(json.dumps(row["output"])) < 10_000
    assert (whole.headers["content-type"], whole.json()) == ("application/json", LARGE)


@pytest.mark.parametrize("code", ["['x' * 10] * 50000", "'x' * 500000", "{'a': ['y' * 300000] * 2, 'b': 1}"])
async def test_every_kind_of_value_is_read_as_it_was(rt: Runtime, alice: httpx.AsyncClient, code: str) -> None:
    ended = await run(rt, alice, workflow(node("make", "code/python", code=code)))

    assert (await alice.get(ended["files"]["result"]["url"])).json() == ended["result"] == eval(code)


async def test_what_is_small_has_no_file(rt: Runtime, alice: httpx.AsyncClient) -> None:
    ended = await run(rt, alice, GREETING)

    assert ended["files"] == {}
    assert {json.dumps(row["files"]) for row in await read_rows(alice, ended["id"])} == {"{}"}


async def test_a_value_that_is_lost_hides_nothing_else(rt: Runtime, alice: httpx.AsyncClient) -> None:
    ended = await run(rt, alice, MADE)
    await rt.files.delete(ended["id"])
    answer = await alice.get(ended["files"]["result"]["url"])

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
    assert (await read(alice, f"/api/executions/{ended['id']}"))["result"]["a"] == LARGE["a"]


async def test_only_those_who_see_the_execution_read_its_values(
    rt: Runtime, alice: httpx.AsyncClient, register: Register, stranger: httpx.AsyncClient
) -> None:
    charlie = await register("charlie")
    url = (await run(rt, alice, MADE))["files"]["result"]["url"]
    own = (await run(rt, charlie, GREETING))["id"]

    assert [(await browser.get(url)).status_code for browser in (charlie, stranger)] == [403, 401]
    assert (await charlie.get(f"/api/executions/{own}/files/{url.rpartition('/')[2]}")).status_code == 404
    assert (await charlie.get(f"/api/executions/{own}/files/nothing")).status_code == 404
