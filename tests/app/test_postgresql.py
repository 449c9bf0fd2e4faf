"""The whole way on PostgreSQL: sign up, edit together, execute, read."""

from pathlib import Path

import pytest

from app.runtime import open_runtime
from app.services import accounts, editing, executions, workflows
from app.settings import read_settings
from tests.app.conftest import PASSWORD
from tests.app.shapes import GREETING

pytestmark = pytest.mark.postgresql


async def test_a_workflow_is_edited_and_executed_on_postgresql(postgresql_url: str, tmp_path: Path) -> None:
    settings = read_settings({"TREADLE_DATA": str(tmp_path), "DATABASE_URL": postgresql_url})
    ops = [{"op": "set", "id": "greet", "path": ["inputs", "fields", "text"], "value": "Grüße"}]
    async with open_runtime(settings) as rt:
        alice = await accounts.create_user(rt, email="alice@example.com", password=PASSWORD, name="Alice")
        made = await workflows.create_workflow(rt, alice, GREETING)
        await editing.apply_ops(rt, alice, made.id, ops, rev=1)
        started = await executions.start_execution(rt, alice, made.id, input={}, idempotency_key="once")
        again = await executions.start_execution(rt, alice, made.id, input={}, idempotency_key="once")
        ended = await executions.wait_for(rt, alice, started.id, 20)
        found = await executions.list_executions(rt, alice, search="grüße")

    assert again.id == started.id
    assert (ended.status, ended.result) == ("succeeded", {"text": "Grüße"})
    assert [execution.id for execution in found.items] == [started.id]
