"""What the canvas shows of an execution: which edges were taken."""

from app.runtime import Runtime
from app.services import accounts, progress, workflows
from tests.app.conftest import PASSWORD
from tests.app.shapes import node, workflow
from tests.app.test_hub import run


async def test_a_failed_node_that_continues_takes_its_plain_edge(rt: Runtime) -> None:
    alice = await accounts.create_user(rt, email="alice@example.com", password=PASSWORD, name="Alice")
    definition = workflow(node("ask", "code/python", code="1/0"), node("after", "data/set-fields", fields={"a": 1}))
    definition["nodes"][1]["data"]["on_error"] = "continue"
    created = await workflows.create_workflow(rt, alice, definition)

    shown = await progress.read_progress(rt, alice, await run(rt, alice, created.id))

    assert set(shown["edges"].values()) == {"taken"}
    assert shown["nodes"]["ask"]["status"] == "failed"
