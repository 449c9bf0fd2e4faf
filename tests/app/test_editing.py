"""Editing together: merged ops, and an undo that is one's own."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlmodel import func, select

from app.changes import Change
from app.errors import Conflict, Forbidden, Invalid
from app.models import Membership, User, WorkflowChange
from app.runtime import Runtime
from app.services import accounts, editing, workflows
from tests.app.conftest import PASSWORD
from tests.app.shapes import GREETING, node

People = Callable[[str], Awaitable[User]]


@pytest.fixture
def person(rt: Runtime) -> People:
    async def make(name: str) -> User:
        return await accounts.create_user(rt, email=f"{name}@example.com", password=PASSWORD, name=name)

    return make


@pytest.fixture
async def alice(person: People) -> User:
    return await person("alice")


@pytest.fixture
async def bob(rt: Runtime, person: People, alice: User) -> User:
    """Shares alice's workspace."""
    user = await person("bob")
    async with rt.database.write() as session:
        own = (await session.exec(select(Membership).where(Membership.user_id == alice.id))).one()
        session.add(Membership(workspace_id=own.workspace_id, user_id=user.id, role="editor"))
    return user


@pytest.fixture
async def workflow_id(rt: Runtime, alice: User) -> str:
    return (await workflows.create_workflow(rt, alice, GREETING)).id


def set_text(text: str, *, key: str = "text") -> list[dict[str, Any]]:
    return [{"op": "set", "id": "greet", "path": ["inputs", "fields", key], "value": text}]


async def fields(rt: Runtime, user: User, workflow_id: str) -> dict[str, str]:
    workflow = await workflows.get_workflow(rt, user, workflow_id)
    found: dict[str, str] = workflow.nodes[1]["data"]["inputs"]["fields"]
    return found


async def test_ops_of_an_old_revision_are_merged_field_by_field(
    rt: Runtime, alice: User, bob: User, workflow_id: str
) -> None:
    await editing.apply_ops(rt, alice, workflow_id, set_text("Hi"), rev=1)
    change = await editing.apply_ops(rt, bob, workflow_id, set_text("Bob", key="name"), rev=1)

    assert change.rev == 3
    assert await fields(rt, alice, workflow_id) == {"text": "Hi", "name": "Bob"}


async def test_an_op_for_a_deleted_node_is_rejected_and_the_rest_is_applied(
    rt: Runtime, alice: User, workflow_id: str
) -> None:
    await editing.apply_ops(rt, alice, workflow_id, [{"op": "remove_node", "id": "greet"}], rev=1)
    ops = [*set_text("Too late"), {"op": "add_node", "node": node("next", "data/set-fields")}]
    change = await editing.apply_ops(rt, alice, workflow_id, ops, rev=1)

    assert [rejected["op"] for rejected in change.rejected] == set_text("Too late")
    assert [node["id"] for node in (await workflows.get_workflow(rt, alice, workflow_id)).nodes] == ["start", "next"]


async def test_listeners_hear_of_changes_in_order_and_only_of_real_ones(
    rt: Runtime, alice: User, workflow_id: str
) -> None:
    heard: list[Change] = []
    stop = rt.changes.subscribe(heard.append)
    await editing.apply_ops(rt, alice, workflow_id, set_text("Hi"), rev=1)
    await editing.apply_ops(rt, alice, workflow_id, [{"op": "remove_node", "id": "nobody"}], rev=2)
    await workflows.patch_workflow(rt, alice, workflow_id, {"name": "New"})
    stop()
    await editing.undo(rt, alice, workflow_id)

    assert [(change.rev, change.ops) for change in heard] == [(2, set_text("Hi")), (3, None)]


async def test_undo_turns_back_only_ones_own_edits(rt: Runtime, alice: User, bob: User, workflow_id: str) -> None:
    await editing.apply_ops(rt, alice, workflow_id, set_text("Hi"), rev=1)
    await editing.apply_ops(rt, bob, workflow_id, set_text("Bob", key="name"), rev=2)
    await editing.undo(rt, alice, workflow_id)
    nothing = await editing.undo(rt, alice, workflow_id)

    assert nothing is None
    assert await fields(rt, alice, workflow_id) == {"text": "Hello", "name": "Bob"}


async def test_undo_and_redo_walk_back_and_forth(rt: Runtime, alice: User, workflow_id: str) -> None:
    texts = []
    for text in ("one", "two", "three"):
        await editing.apply_ops(rt, alice, workflow_id, set_text(text), rev=1)
    for step in (editing.undo, editing.undo, editing.redo, editing.undo, editing.redo, editing.redo):
        await step(rt, alice, workflow_id)
        texts.append((await fields(rt, alice, workflow_id))["text"])

    assert texts == ["two", "one", "two", "one", "two", "three"]
    assert await editing.redo(rt, alice, workflow_id) is None


async def test_a_new_edit_ends_what_could_be_redone(rt: Runtime, alice: User, workflow_id: str) -> None:
    await editing.apply_ops(rt, alice, workflow_id, set_text("one"), rev=1)
    await editing.undo(rt, alice, workflow_id)
    await editing.apply_ops(rt, alice, workflow_id, set_text("other"), rev=1)

    assert await editing.redo(rt, alice, workflow_id) is None
    await editing.undo(rt, alice, workflow_id)
    assert (await fields(rt, alice, workflow_id))["text"] == "Hello"


async def test_undo_of_a_deleted_node_brings_its_edges_back(rt: Runtime, alice: User, workflow_id: str) -> None:
    before = await workflows.get_workflow(rt, alice, workflow_id)
    await editing.apply_ops(rt, alice, workflow_id, [{"op": "remove_node", "id": "greet"}], rev=1)
    await editing.undo(rt, alice, workflow_id)
    after = await workflows.get_workflow(rt, alice, workflow_id)

    assert (after.nodes, after.edges) == (before.nodes, before.edges)


async def test_nobody_turns_back_what_was_done_to_a_document_that_has_been_replaced(
    rt: Runtime, alice: User, bob: User, workflow_id: str
) -> None:
    await editing.apply_ops(rt, alice, workflow_id, set_text("hers"), rev=1)
    await editing.apply_ops(rt, bob, workflow_id, set_text("his"), rev=1)
    await editing.undo(rt, bob, workflow_id)
    await workflows.replace_workflow(rt, alice, workflow_id, GREETING)

    assert await editing.undo(rt, alice, workflow_id) is None
    assert await editing.redo(rt, bob, workflow_id) is None
    await editing.apply_ops(rt, alice, workflow_id, set_text("new"), rev=1)
    assert await editing.undo(rt, alice, workflow_id)
    assert await fields(rt, alice, workflow_id) == {"text": "Hello"}


async def test_a_late_client_reads_the_changes_that_it_missed(rt: Runtime, alice: User, workflow_id: str) -> None:
    for text in ("one", "two"):
        await editing.apply_ops(rt, alice, workflow_id, set_text(text), rev=1)
    missed = await editing.changes_since(rt, alice, workflow_id, 1)
    await workflows.patch_workflow(rt, alice, workflow_id, {"name": "New"})

    assert [(change.rev, change.ops) for change in missed or []] == [(2, set_text("one")), (3, set_text("two"))]
    assert await editing.changes_since(rt, alice, workflow_id, 1) is None
    assert await editing.changes_since(rt, alice, workflow_id, 4) == []


async def test_only_the_newest_changes_are_kept(
    rt: Runtime, alice: User, workflow_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(editing, "HISTORY", 3)
    for number in range(5):
        await editing.apply_ops(rt, alice, workflow_id, set_text(str(number)), rev=1)
    async with rt.database.read() as session:
        kept = (await session.exec(select(func.count()).select_from(WorkflowChange))).one()

    assert kept == 3


@pytest.mark.parametrize("name", ["", "x" * 201, "Nul\0"])
async def test_a_name_that_cannot_be_is_refused(rt: Runtime, alice: User, workflow_id: str, name: str) -> None:
    with pytest.raises(Invalid):
        await workflows.rename_workflow(rt, alice, workflow_id, name)


async def test_renaming_is_an_edit_that_can_be_undone(rt: Runtime, alice: User, workflow_id: str) -> None:
    await workflows.rename_workflow(rt, alice, workflow_id, " Farewell ")
    renamed = await workflows.get_workflow(rt, alice, workflow_id)
    await editing.undo(rt, alice, workflow_id)

    assert renamed.name == "Farewell"
    assert (await workflows.get_workflow(rt, alice, workflow_id)).name == "Greeting"


async def test_a_revision_from_the_future_is_a_conflict(rt: Runtime, alice: User, workflow_id: str) -> None:
    with pytest.raises(Conflict):
        await editing.apply_ops(rt, alice, workflow_id, set_text("Hi"), rev=99)


async def test_a_stranger_may_not_edit(rt: Runtime, person: People, workflow_id: str) -> None:
    with pytest.raises(Forbidden):
        await editing.apply_ops(rt, await person("charlie"), workflow_id, set_text("Hi"), rev=1)
