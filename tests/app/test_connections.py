"""Connections: who may, what is kept, and that no secret ever comes out."""

import sqlite3
from typing import Any

import httpx
import pytest
from sqlmodel import select

from app.errors import Invalid
from app.models import Connection
from app.runtime import Runtime
from app.secrets import Secrets
from app.services.connections import check_credentials
from engine.sdk import Field, Option, Plugin
from tests.app.conftest import Clock, Register
from tests.app.shapes import node, workflow
from tests.app.test_workflows import join

PASSWORD = "hunter2-very-secret"
SHOP = {"plugin": "database", "name": "Shop", "credentials": {"url": "sqlite:///shop.db"}}
SECRET = {**SHOP, "credentials": {"url": f"postgresql://ada:{PASSWORD}@db.example.invalid/shop"}}
PATH = "/api/connections"


async def create(browser: httpx.AsyncClient, body: Any = SHOP) -> dict[str, Any]:
    answer = await browser.post(PATH, json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


@pytest.fixture
def shop(rt: Runtime) -> None:
    """A SQLite file where workflows may open one."""
    folder = rt.settings.data / "databases"
    folder.mkdir()
    with sqlite3.connect(folder / "shop.db") as connection:
        connection.execute("CREATE TABLE orders AS SELECT 1 AS id, 'Ada' AS name")


async def run(rt: Runtime, browser: httpx.AsyncClient, connection_id: str, sql: str = "SELECT * FROM orders") -> Any:
    """Execute a workflow of one query; give the execution as the interface shows it."""
    query = node("ask", "database/query", query=sql)
    query["data"]["connection"] = connection_id
    made = (await browser.post("/api/workflows", json=workflow(query))).json()
    return (await browser.post(f"/api/workflows/{made['id']}/execute?wait=20", json={"input": {}})).json()


async def test_a_connection_is_kept_without_showing_its_secrets(alice: httpx.AsyncClient, rt: Runtime) -> None:
    made = await create(alice, SECRET | {"base_url": "https://gateway.example.com/"})
    shown = [made, (await alice.get(f"{PATH}/{made['id']}")).json(), *(await alice.get(PATH)).json()["items"]]
    async with rt.database.read() as session:
        [row] = (await session.exec(select(Connection))).all()

    assert made.keys() == {"id", "plugin", "name", "base_url", "created_at", "last_used_at"}
    assert made["base_url"] == "https://gateway.example.com"
    assert shown == [made] * 3
    assert "hunter2" not in row.credentials


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"plugin": "nope"}, "plugin"),
        ({"plugin": "data"}, "plugin"),
        ({"name": " "}, "name"),
        ({"name": None}, "name"),
        ({"credentials": {}}, "credentials.url"),
        ({"credentials": {"url": ""}}, "credentials.url"),
        ({"credentials": {"url": 7}}, "credentials.url"),
        ({"credentials": {"url": {"a": 1}}}, "credentials.url"),
        ({"credentials": {"url": "x" * 20_001}}, "credentials.url"),
        ({"credentials": {"url": "x", "token": "y"}}, "credentials.token"),
        ({"credentials": "x"}, "credentials"),
        ({"base_url": "ftp://x"}, "base_url"),
        ({"base_url": "https://"}, "base_url"),
        ({"base_url": "https://ada:pw@x"}, "base_url"),
        ({"base_url": "https://[x"}, "base_url"),
    ],
)
async def test_what_is_no_connection_is_refused_with_its_place(
    alice: httpx.AsyncClient, change: dict[str, Any], field: str
) -> None:
    answer = await alice.post(PATH, json=SHOP | change)

    assert answer.status_code == 422
    assert field in [detail["field"] for detail in answer.json()["error"]["details"]]


def test_only_what_the_form_shows_is_kept_with_its_defaults() -> None:
    kinds = tuple(Option(value=kind, label=kind) for kind in ("bearer", "header"))
    form = Plugin(
        name="x",
        display_name="X",
        description="X.",
        steps=(),
        credentials=(
            Field(name="kind", label="Kind", kind="select", options=kinds, default="bearer"),
            Field(name="token", label="Token", kind="secret", required=True, show_when=("kind", "bearer")),
            Field(name="value", label="Value", kind="secret", required=True, show_when=("kind", "header")),
        ),
    )

    assert check_credentials(form, {"token": "t", "value": "v"}) == {"kind": "bearer", "token": "t"}
    assert check_credentials(form, {"kind": "header", "value": "v"}) == {"kind": "header", "value": "v"}
    with pytest.raises(Invalid, match="Token is required"):
        check_credentials(form, {"value": "v"})
    with pytest.raises(Invalid, match="Kind must be one of"):
        check_credentials(form, {"kind": "magic"})


async def test_no_error_repeats_a_credential(alice: httpx.AsyncClient) -> None:
    answer = await alice.post(PATH, json=SHOP | {"credentials": {"url": [PASSWORD], "token": PASSWORD}})

    assert answer.status_code == 422
    assert "hunter2" not in answer.text


async def test_a_patch_keeps_what_it_does_not_name(alice: httpx.AsyncClient, rt: Runtime) -> None:
    made = await create(alice, SECRET | {"base_url": "https://x.example.com"})
    renamed = (await alice.patch(f"{PATH}/{made['id']}", json={"name": "Renamed"})).json()
    cleared = (await alice.patch(f"{PATH}/{made['id']}", json={"base_url": None})).json()
    async with rt.database.read() as session:
        held = rt.outside.open_credentials((await session.exec(select(Connection))).one())

    assert renamed == made | {"name": "Renamed"}
    assert cleared == renamed | {"base_url": None}
    assert held == SECRET["credentials"]


async def test_a_patch_that_takes_away_what_is_required_is_refused(alice: httpx.AsyncClient) -> None:
    made = await create(alice)
    answers = [
        await alice.patch(f"{PATH}/{made['id']}", json=body)
        for body in ({"credentials": {"url": None}}, {"credentials": {"user": "x"}}, {"name": None}, {"name": ""}, [])
    ]

    assert [answer.status_code for answer in answers] == [422] * 5


async def test_the_pages_of_a_list_hold_everything_once_newest_first(alice: httpx.AsyncClient) -> None:
    made = [(await create(alice))["id"] for _ in range(5)]
    params: dict[str, Any] = {"limit": 2, "plugin": "database"}
    ids: list[str] = []
    while params.get("cursor", "") is not None:
        page = (await alice.get(PATH, params=params)).json()
        ids += [item["id"] for item in page["items"]]
        params["cursor"] = page["next_cursor"]

    assert sorted(ids, reverse=True) == ids
    assert set(ids) == set(made)
    assert (await alice.get(PATH, params={"plugin": "slack"})).json()["items"] == []


@pytest.mark.parametrize("params", [{"limit": 0}, {"limit": 201}, {"cursor": "x"}, {"cursor": "WzFd"}])
async def test_a_list_refuses_bad_parameters(alice: httpx.AsyncClient, params: dict[str, Any]) -> None:
    assert (await alice.get(PATH, params=params)).status_code == 422


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [("GET", "", None), ("PATCH", "", {"name": "Mine"}), ("DELETE", "", None), ("POST", "/test", None)],
)
async def test_a_stranger_is_refused(
    alice: httpx.AsyncClient, register: Register, stranger: httpx.AsyncClient, method: str, path: str, body: Any
) -> None:
    charlie = await register("charlie")
    url = f"{PATH}/{(await create(alice))['id']}{path}"
    answers = [await browser.request(method, url, json=body) for browser in (charlie, stranger)]
    unknown = await charlie.request(method, f"{PATH}/cn_unknown%00{path}", json=body)

    assert [answer.status_code for answer in answers] == [403, 401]
    assert unknown.status_code == 404
    assert (await charlie.get(PATH)).json()["items"] == []


async def test_an_editor_may_change_what_a_viewer_may_only_read(
    rt: Runtime, alice: httpx.AsyncClient, register: Register
) -> None:
    bob, dora = await register("bob"), await register("dora")
    await join(rt, guest="Bob", host="Alice", role="editor")
    await join(rt, guest="Dora", host="Alice", role="viewer")
    path = f"{PATH}/{(await create(alice))['id']}"

    assert (await bob.patch(path, json={"name": "Shared"})).status_code == 200
    assert (await dora.patch(path, json={"name": "Mine"})).status_code == 403
    assert (await dora.get(path)).json()["name"] == "Shared"


@pytest.mark.usefixtures("shop")
async def test_a_step_uses_its_connection_and_the_connection_tells_when(
    rt: Runtime, alice: httpx.AsyncClient, clock: Clock
) -> None:
    made = await create(alice)
    ended = await run(rt, alice, made["id"])
    used = (await alice.get(f"{PATH}/{made['id']}")).json()
    clock.tick(seconds=30)
    await run(rt, alice, made["id"])

    assert ended["result"] == {"rows": [{"id": 1, "name": "Ada"}], "count": 1}
    assert used["last_used_at"] == "2026-12-01T08:00:00Z"
    assert (await alice.get(f"{PATH}/{made['id']}")).json() == used


@pytest.mark.usefixtures("shop")
async def test_a_deleted_connection_fails_the_step_that_used_it(rt: Runtime, alice: httpx.AsyncClient) -> None:
    made = await create(alice)
    deleted = await alice.delete(f"{PATH}/{made['id']}")
    ended = await run(rt, alice, made["id"])

    assert deleted.status_code == 204
    assert (ended["status"], ended["error"]["type"]) == ("failed", "no_connection")


async def test_another_workspace_has_no_use_of_a_connection(
    rt: Runtime, alice: httpx.AsyncClient, register: Register
) -> None:
    charlie = await register("charlie")
    ended = await run(rt, charlie, (await create(alice))["id"])

    assert ended["error"]["type"] == "no_connection"


async def test_another_integration_has_no_use_of_a_connection(rt: Runtime, alice: httpx.AsyncClient) -> None:
    made = await create(alice)
    async with rt.database.write() as session:
        row = (await session.exec(select(Connection))).one()
        row.plugin = "slack"
        session.add(row)
    ended = await run(rt, alice, made["id"])

    assert "Shop is a connection for slack: choose one for database." in ended["error"]["message"]


async def test_no_secret_is_in_what_an_execution_shows(rt: Runtime, alice: httpx.AsyncClient) -> None:
    made = await create(alice, SECRET)
    ended = await run(rt, alice, made["id"])
    logs = await alice.get(f"/api/executions/{ended['id']}/logs")

    assert ended["error"]["type"] == "connection"
    assert "hunter2" not in str(ended) + logs.text


async def test_a_connection_of_a_lost_key_says_so_and_can_be_filled_in_anew(
    rt: Runtime, alice: httpx.AsyncClient
) -> None:
    made = await create(alice)
    async with rt.database.write() as session:
        row = (await session.exec(select(Connection))).one()
        row.credentials = Secrets(("a key that nobody has",)).encrypt({"url": "sqlite:///old.db"})
        session.add(row)
    tried = (await alice.post(f"{PATH}/{made['id']}/test")).json()
    ended = await run(rt, alice, made["id"])
    mended = await alice.patch(f"{PATH}/{made['id']}", json={"credentials": {"url": "sqlite:///shop.db"}})

    assert not tried["ok"]
    assert ended["error"]["type"] == "no_connection"
    assert "TREADLE_SECRET_KEY" in tried["message"]
    assert tried["message"] == ended["error"]["message"]
    assert mended.status_code == 200


@pytest.mark.usefixtures("shop")
async def test_trying_a_connection_says_what_was_found(alice: httpx.AsyncClient) -> None:
    good = await create(alice)
    bad = await create(alice, SHOP | {"credentials": {"url": "sqlite:///none.db"}})
    tried = [await alice.post(f"{PATH}/{made['id']}/test") for made in (good, bad)]

    assert [answer.status_code for answer in tried] == [200, 200]
    assert tried[0].json()["ok"] is True
    assert tried[0].json()["message"].startswith("SQLite 3.")
    assert tried[1].json() == {
        "ok": False,
        "message": "There is no file none.db in the folder databases in TREADLE_DATA.",
    }
