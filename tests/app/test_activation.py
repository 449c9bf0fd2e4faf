"""Activating: only what can run, and as a version that later edits don't touch."""

import httpx
import pytest
from sqlmodel import select

from app.models import Workflow, WorkflowVersion
from app.runtime import Runtime
from app.services import activation
from tests.app.conftest import Register
from tests.app.shapes import GREETING, workflow
from tests.app.test_workflows import create


async def versions(rt: Runtime) -> list[WorkflowVersion]:
    async with rt.database.read() as session:
        return list((await session.exec(select(WorkflowVersion))).all())


async def test_a_workflow_is_activated_and_deactivated(alice: httpx.AsyncClient) -> None:
    made = await create(alice)

    on = await alice.post(f"/api/workflows/{made['id']}/activate")
    off = await alice.post(f"/api/workflows/{made['id']}/deactivate")

    assert (on.status_code, on.json()["active"]) == (200, True)
    assert (off.status_code, off.json()["active"]) == (200, False)


async def test_a_workflow_with_problems_is_not_activated(alice: httpx.AsyncClient) -> None:
    made = await create(alice, {"name": "Empty", "nodes": [], "edges": []})

    answer = await alice.post(f"/api/workflows/{made['id']}/activate")

    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "invalid_workflow"
    assert not (await alice.get(f"/api/workflows/{made['id']}")).json()["active"]


async def test_a_version_keeps_the_definition_whatever_is_edited_later(alice: httpx.AsyncClient, rt: Runtime) -> None:
    made = await create(alice)
    await alice.post(f"/api/workflows/{made['id']}/activate")

    await alice.put(f"/api/workflows/{made['id']}", json=workflow(name="Edited"))

    (version,) = await versions(rt)
    assert (version.version, version.definition["name"]) == (1, GREETING["name"])


async def test_activating_the_same_draft_again_makes_no_new_version(alice: httpx.AsyncClient, rt: Runtime) -> None:
    made = await create(alice)
    for _ in range(2):
        await alice.post(f"/api/workflows/{made['id']}/activate")

    assert len(await versions(rt)) == 1


async def test_a_stranger_may_not_activate(alice: httpx.AsyncClient, register: Register) -> None:
    made = await create(alice)
    charlie = await register("charlie")

    assert (await charlie.post(f"/api/workflows/{made['id']}/activate")).status_code == 403
    assert (await charlie.post(f"/api/workflows/{made['id']}/deactivate")).status_code == 403


async def test_a_draft_that_is_edited_while_it_is_checked_is_not_activated(
    alice: httpx.AsyncClient, rt: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await create(alice)

    async def edit_meanwhile(_rt: Runtime, _workflow: Workflow) -> None:
        await alice.put(f"/api/workflows/{made['id']}", json=workflow(name="Edited"))  # the database isn't locked

    monkeypatch.setattr(activation, "check_runnable", edit_meanwhile)
    answer = await alice.post(f"/api/workflows/{made['id']}/activate")

    assert answer.status_code == 409
    assert await versions(rt) == []
