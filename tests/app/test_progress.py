"""What the canvas shows of an execution: which edges were taken, and what a node waits for."""

from typing import Any

import pytest

from app.models import User
from app.runtime import Runtime
from app.services import accounts, progress, starting, workflows
from tests.app.conftest import PASSWORD
from tests.app.driving import reach
from tests.app.shapes import node, workflow
from tests.app.test_hub import run


@pytest.fixture
async def alice(rt: Runtime) -> User:
    return await accounts.create_user(rt, email="Alice@example.com", password=PASSWORD, name="Alice")


async def wait_at(rt: Runtime, alice: User, action: str, **inputs: Any) -> dict[str, Any]:
    """The last row of a node that waits."""
    definition = workflow(node("ask", f"flow/{action}", **inputs))
    created = await workflows.create_workflow(rt, alice, definition)
    execution = await starting.start_execution(rt, alice, created.id, input={})
    await reach(rt, execution.id, "ask", "waiting")
    return (await progress.read_node(rt, alice, execution.id, "ask"))[-1]


async def test_without_approvers_the_owner_is_asked(rt: Runtime, alice: User) -> None:
    wait = (await wait_at(rt, alice, "approval", message="Send it?"))["wait"]

    assert (wait["what"], wait["message"], wait["until"]) == ("approval", "Send it?", None)
    assert wait["deciders"] == ["alice@example.com"]


async def test_approvers_are_asked_instead_of_the_owner(rt: Runtime, alice: User) -> None:
    wait = (await wait_at(rt, alice, "approval", message="Send it?", approvers="Bob@example.com", timeout=60))["wait"]

    assert wait["deciders"] == ["bob@example.com"]
    assert wait["until"] is not None


async def test_who_waits_for_a_request_says_where_it_goes(rt: Runtime, alice: User) -> None:
    row = await wait_at(rt, alice, "wait-for-webhook")

    assert row["wait"]["what"] == "request"
    assert row["wait"]["resume_url"] == row["output"]["resume_url"]


async def test_of_a_node_in_a_loop_only_the_last_rows_are_read(rt: Runtime, alice: User) -> None:
    each = node("each", "logic/for-each", type_="group", items=list(range(30)))
    inside = node("ask", "data/set-fields", fields={"n": "{{ item }}"}) | {"parentId": "each"}
    definition = workflow(each)
    definition["nodes"].append(inside)
    created = await workflows.create_workflow(rt, alice, definition)
    execution_id = await run(rt, alice, created.id)

    shown = await progress.read_progress(rt, alice, execution_id)
    assert shown["nodes"]["ask"]["iterations"] == {"total": 30, "succeeded": 30}
    assert shown["nodes"]["each"]["rounds"] == {"done": 30, "failed": 0, "cancelled": 0, "total": 30}
    rows = await progress.read_node(rt, alice, execution_id, "ask")
    assert len(rows) == 5
    assert (rows[-1]["iteration"], rows[-1]["output"]) == ([29], {"n": 29})


async def test_a_loop_waits_when_all_that_goes_on_in_it_waits(rt: Runtime, alice: User) -> None:
    definition = workflow(node("each", "logic/for-each", type_="group", items=[1, 2]))
    definition["nodes"].append(node("ask", "flow/approval", message="Send it?") | {"parentId": "each"})
    created = await workflows.create_workflow(rt, alice, definition)
    execution = await starting.start_execution(rt, alice, created.id, input={})
    await reach(rt, execution.id, None, "waiting")

    shown = await progress.read_progress(rt, alice, execution.id)
    assert (shown["nodes"]["each"]["status"], shown["nodes"]["ask"]["status"]) == ("waiting", "waiting")


async def test_of_a_large_output_it_is_said_where_the_whole_is(rt: Runtime, alice: User) -> None:
    created = await workflows.create_workflow(rt, alice, workflow(node("say", "code/python", code="'x' * 300_000")))
    execution_id = await run(rt, alice, created.id)

    shown = await progress.read_progress(rt, alice, execution_id)
    output = (await progress.read_node(rt, alice, execution_id, "say"))[-1]["files"]["output"]
    assert output["url"].startswith(f"/api/executions/{execution_id}/files/")
    assert output == shown["files"]["result"]


async def test_a_failed_node_that_continues_takes_its_plain_edge(rt: Runtime, alice: User) -> None:
    definition = workflow(node("ask", "code/python", code="1/0"), node("after", "data/set-fields", fields={"a": 1}))
    definition["nodes"][1]["data"]["on_error"] = "continue"
    created = await workflows.create_workflow(rt, alice, definition)

    shown = await progress.read_progress(rt, alice, await run(rt, alice, created.id))

    assert set(shown["edges"].values()) == {"taken"}
    assert shown["nodes"]["ask"]["status"] == "failed"
