"""The whole way on PostgreSQL: sign up, edit together, execute, read."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg
import pytest
from fastapi import FastAPI

from app.runtime import open_runtime
from app.services import accounts, connections, editing, executions, starting, trying, workflows
from app.settings import read_settings
from tests.app.conftest import PASSWORD
from tests.app.shapes import GREETING

COOKIE = {"treadle_session": "of-nobody"}
pytestmark = pytest.mark.postgresql


async def test_a_workflow_is_edited_and_executed_on_postgresql(postgresql_url: str, tmp_path: Path) -> None:
    settings = read_settings({"TREADLE_DATA": str(tmp_path), "DATABASE_URL": postgresql_url})
    ops = [{"op": "set", "id": "greet", "path": ["inputs", "fields", "text"], "value": "Grüße"}]
    async with open_runtime(settings) as rt:
        alice = await accounts.create_user(rt, email="alice@example.com", password=PASSWORD, name="Alice")
        made = await workflows.create_workflow(rt, alice, GREETING)
        await editing.apply_ops(rt, alice, made.id, ops, rev=1)
        started = await starting.start_execution(rt, alice, made.id, input={}, idempotency_key="once")
        again = await starting.start_execution(rt, alice, made.id, input={}, idempotency_key="once")
        ended = await starting.wait_for(rt, alice, started.id, 20)
        found = await executions.list_executions(rt, alice, search="grüße")

    assert again.id == started.id
    assert (ended.status, ended.result) == ("succeeded", {"text": "Grüße"})
    assert [execution.id for execution in found.items] == [started.id]


@contextmanager
def away(server: str, url: str) -> Iterator[None]:
    """Let nobody into a database, and end all connections to it."""
    name = url.rpartition("/")[2]
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        connection.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        yield
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


async def test_while_the_database_is_away_everybody_is_asked_to_come_back(
    postgresql_url: str, postgresql_server: str, tmp_path: Path, api: FastAPI, caplog: pytest.LogCaptureFixture
) -> None:
    settings = read_settings({"TREADLE_DATA": str(tmp_path), "DATABASE_URL": postgresql_url})
    calls = [("GET", ""), ("POST", "/cancel"), ("POST", "/retry")]
    async with (
        open_runtime(settings),
        httpx.AsyncClient(transport=httpx.ASGITransport(api), base_url=settings.origin, cookies=COOKIE) as browser,
    ):
        with away(postgresql_server, postgresql_url):
            answers = [await browser.request(method, f"/api/executions/ex_1{path}") for method, path in calls]
            ready = await browser.get("/api/ready")
        back = await browser.get("/api/executions/ex_1")

    assert {answer.status_code for answer in (*answers, ready)} == {503}
    assert {answer.text for answer in answers} == {ready.text}
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in answers)
    assert "Traceback" not in caplog.text
    assert back.status_code == 401


async def test_a_workflow_may_open_every_database_but_the_one_that_it_is_kept_in(
    postgresql_url: str, postgresql_server: str, tmp_path: Path
) -> None:
    env = {"TREADLE_DATA": str(tmp_path), "DATABASE_URL": postgresql_url, "TREADLE_EGRESS_ALLOW": "localhost,127.0.0.1"}
    async with open_runtime(read_settings(env)) as rt:
        alice = await accounts.create_user(rt, email="alice@example.com", password=PASSWORD, name="Alice")
        tried = []
        for url in (postgresql_server, postgresql_url, postgresql_url.replace("127.0.0.1", "localhost")):
            made = await connections.create_connection(
                rt, alice, plugin="database", name="DB", credentials={"url": url}
            )
            tried.append(await trying.try_connection(rt, alice, made.id))

    assert [each.ok for each in tried] == [True, False, False]
    assert {each.message for each in tried[1:]} == {"This is Treadle's own database, which no workflow can open."}
