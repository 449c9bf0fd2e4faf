"""Workflows over the REST interface: what is kept, who may, and what a list shows."""

from typing import Any

import httpx
import pytest
from sqlmodel import select

from app.models import Membership, User
from app.runtime import Runtime
from tests.app.conftest import Register
from tests.app.shapes import GREETING, workflow


async def create(browser: httpx.AsyncClient, definition: Any = GREETING) -> dict[str, Any]:
    answer = await browser.post("/api/workflows", json=definition)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def join(rt: Runtime, *, guest: str, host: str, role: str) -> None:
    async with rt.database.write() as session:
        users = {user.name: user.id for user in (await session.exec(select(User))).all()}
        theirs = select(Membership).where(Membership.user_id == users[host])
        workspace_id = (await session.exec(theirs)).one().workspace_id
        session.add(Membership(workspace_id=workspace_id, user_id=users[guest], role=role))


async def test_a_workflow_is_kept_with_the_fields_that_we_do_not_know(alice: httpx.AsyncClient) -> None:
    definition = workflow(name="Grüße", tags=["sales"], viewport={"zoom": 2})
    definition["nodes"][0]["measured"] = {"width": 200}
    made = await create(alice, definition)
    read = (await alice.get(f"/api/workflows/{made['id']}")).json()

    assert {key: read[key] for key in definition} == definition
    assert (read["rev"], read["active"], read["webhook_url"], read["next_runs"]) == (1, False, None, [])
    assert read["created_at"].endswith("Z")


async def test_what_was_read_can_be_put_back_as_it_is(alice: httpx.AsyncClient) -> None:
    made = await create(alice)
    answer = await alice.put(f"/api/workflows/{made['id']}", json=made)

    assert answer.status_code == 200
    assert answer.json()["rev"] == 2
    assert answer.json().keys() == made.keys()


async def test_a_draft_with_problems_is_saved_and_says_them(alice: httpx.AsyncClient) -> None:
    made = await create(alice, {"name": "Empty", "nodes": [], "edges": []})

    assert made["problems"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": None}, "name"),
        ({"name": "  "}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": "Nul\0"}, None),
        ({"description": 7}, "description"),
        ({"nodes": "none"}, "nodes"),
        ({"nodes": None}, "nodes"),
        ({"nodes": [7]}, "nodes[0]"),
        ({"nodes": [{"id": 7}]}, "nodes[0].id"),
        ({"nodes": [{"id": "a", "position": {"x": "left", "y": 0}}]}, "nodes[0].position"),
        ({"nodes": [{"id": "a", "data": []}]}, "nodes[0].data"),
        ({"nodes": [{"id": f"n{i}"} for i in range(2001)]}, "nodes"),
        ({"edges": [{"id": "e1"}]}, "edges[0].source"),
        ({"edges": [[]]}, "edges[0]"),
        ({"tags": "sales"}, "tags"),
        ({"tags": ['a"b']}, "tags"),
    ],
)
async def test_what_is_no_workflow_is_refused_with_its_place(
    alice: httpx.AsyncClient, change: dict[str, Any], field: str | None
) -> None:
    answer = await alice.post("/api/workflows", json=GREETING | change)

    assert answer.status_code == 422
    assert field in [detail["field"] for detail in answer.json()["error"]["details"] or [{"field": None}]]


@pytest.mark.parametrize("body", ["7", "[]", '"text"', "null"])
async def test_a_body_that_is_no_object_is_refused(alice: httpx.AsyncClient, body: str) -> None:
    answer = await alice.post("/api/workflows", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == 422


async def test_a_change_based_on_an_old_revision_is_a_conflict(alice: httpx.AsyncClient) -> None:
    made = await create(alice)
    path = f"/api/workflows/{made['id']}"
    first = await alice.patch(path, json={"rev": 1, "name": "First"})
    second = await alice.patch(path, json={"rev": 1, "name": "Second"})
    third = await alice.put(path, json=GREETING | {"rev": 1})

    assert (first.status_code, second.status_code, third.status_code) == (200, 409, 409)
    assert (await alice.get(path)).json()["name"] == "First"


async def test_a_patch_keeps_the_fields_that_it_does_not_name(alice: httpx.AsyncClient) -> None:
    made = await create(alice)
    patched = (await alice.patch(f"/api/workflows/{made['id']}", json={"name": "Renamed"})).json()

    assert patched["name"] == "Renamed"
    assert patched["nodes"] == made["nodes"]


async def test_a_copy_has_another_id_and_the_same_nodes(alice: httpx.AsyncClient) -> None:
    made = await create(alice)
    copy = (await alice.post(f"/api/workflows/{made['id']}/duplicate")).json()

    assert copy["id"] != made["id"]
    assert (copy["name"], copy["nodes"], copy["rev"]) == ("Greeting copy", made["nodes"], 1)


async def test_a_deleted_workflow_is_gone_until_it_is_restored(alice: httpx.AsyncClient) -> None:
    path = f"/api/workflows/{(await create(alice))['id']}"
    deleted = await alice.delete(path)
    again = await alice.delete(path)
    gone = await alice.get(path)
    restored = await alice.post(f"{path}/restore")

    assert (deleted.status_code, again.status_code, gone.status_code) == (204, 404, 404)
    assert restored.json()["name"] == (await alice.get(path)).json()["name"] == "Greeting"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("PUT", "", GREETING),
        ("PATCH", "", {"name": "Mine"}),
        ("DELETE", "", None),
        ("POST", "/duplicate", None),
        ("POST", "/restore", None),
        ("POST", "/ops", {"rev": 1, "ops": []}),
    ],
)
async def test_a_stranger_is_refused(
    alice: httpx.AsyncClient, register: Register, stranger: httpx.AsyncClient, method: str, path: str, body: Any
) -> None:
    charlie = await register("charlie")
    made = await create(alice)
    url = f"/api/workflows/{made['id']}{path}"
    answers = [await browser.request(method, url, json=body) for browser in (charlie, stranger)]
    unknown = await charlie.request(method, f"/api/workflows/wf_unknown{path}", json=body)

    assert [answer.status_code for answer in answers] == [403, 401]
    assert unknown.status_code == 404
    assert (await charlie.get("/api/workflows", params={"search": "greeting"})).json()["items"] == []


async def test_an_editor_may_change_what_a_viewer_may_only_read(
    rt: Runtime, alice: httpx.AsyncClient, register: Register
) -> None:
    bob, dora = await register("bob"), await register("dora")
    await join(rt, guest="Bob", host="Alice", role="editor")
    await join(rt, guest="Dora", host="Alice", role="viewer")
    path = f"/api/workflows/{(await create(alice))['id']}"
    body = {"name": "Shared"}

    assert (await bob.patch(path, json=body)).status_code == 200
    assert (await dora.patch(path, json=body)).status_code == 403
    assert (await dora.get(path)).json()["name"] == "Shared"


async def test_the_list_is_searched_without_regard_to_case(alice: httpx.AsyncClient) -> None:
    for name in ("Äpfel zählen", "Birnen", "50 % off"):
        await create(alice, workflow(name=name))
    found = [
        [item["name"] for item in (await alice.get("/api/workflows", params={"search": text})).json()["items"]]
        for text in ("äPFEL", "BIRNE", "0 %", "_irnen", "\0")
    ]

    assert found == [["Äpfel zählen"], ["Birnen"], ["50 % off"], [], []]


async def test_the_list_is_filtered_by_tag(alice: httpx.AsyncClient) -> None:
    await create(alice, workflow(name="Tagged", tags=["größe", "sales"]))
    await create(alice, workflow(name="Other", tags=["presales"]))
    found = (await alice.get("/api/workflows", params={"tag": "größe"})).json()["items"]
    sales = (await alice.get("/api/workflows", params={"tag": "sales"})).json()["items"]

    assert [item["name"] for item in found] == [item["name"] for item in sales] == ["Tagged"]


@pytest.mark.parametrize(("sort", "first"), [("name", "Item 0"), ("updated", "Item 6"), ("created", "Item 6")])
async def test_the_pages_of_a_list_hold_everything_once(alice: httpx.AsyncClient, sort: str, first: str) -> None:
    for number in range(7):
        await create(alice, workflow(name=f"Item {number}"))
    params: dict[str, Any] = {"sort": sort, "limit": 3, "search": "item "}
    names: list[str] = []
    while params.get("cursor", "") is not None:
        page = (await alice.get("/api/workflows", params=params)).json()
        names += [item["name"] for item in page["items"]]
        params["cursor"] = page["next_cursor"]

    assert names[0] == first
    assert sorted(names) == [f"Item {number}" for number in range(7)]


@pytest.mark.parametrize(
    "params",
    [
        {"limit": 0},
        {"limit": 201},
        {"limit": "x"},
        {"cursor": "x"},
        {"cursor": "WzFd"},
        {"cursor": "WyJcdTAwMDAiLCAiIl0"},
        {"sort": "size"},
    ],
)
async def test_a_list_refuses_bad_parameters(alice: httpx.AsyncClient, params: dict[str, Any]) -> None:
    answer = await alice.get("/api/workflows", params=params)

    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "invalid"
