"""One process drives a database's executions, and a process that is gone drives none."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from app.db import read_url
from app.driver_lock import KEY, Driven, ServerLock, hold_driver_lock, watch_driver_lock
from app.preflight import check_before_start
from app.runtime import open_runtime
from app.services import accounts, starting, workflows
from app.settings import Settings, read_settings
from tests.app.conftest import PASSWORD
from tests.app.shapes import GREETING

Other = psycopg.Connection[Any]
HOLD = """
import asyncio, subprocess, sys
from app.driver_lock import hold_driver_lock
from app.settings import get_settings

async def hold():
    async with hold_driver_lock(get_settings()):
        child = subprocess.Popen(["sleep", "60"], close_fds=False)
        print(child.pid, flush=True)
        await asyncio.Event().wait()

asyncio.run(hold())
"""


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def environment(request: pytest.FixtureRequest) -> dict[str, str]:
    return {"DATABASE_URL": request.getfixturevalue("postgresql_url")} if request.param == "postgresql" else {}


@contextmanager
def other_driver(settings: Settings) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock, and that has a child."""
    env = {"TREADLE_DATA": str(settings.data), "DATABASE_URL": settings.database_url}
    root = Path(__file__).parents[2]
    with subprocess.Popen([sys.executable, "-c", HOLD], env=env, cwd=root, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout
        child = other.stdout.readline().strip()
        try:
            yield other
        finally:
            other.kill()
            subprocess.run(["kill", child], check=True)


def test_a_second_server_is_refused_and_told_which_process_is_in_its_way(settings: Settings) -> None:
    place = socket.gethostname()

    with other_driver(settings) as other, pytest.raises(Driven, match=rf"^Process {other.pid} on {place} drives"):
        check_before_start(settings)


async def test_a_killed_process_frees_the_lock_at_once_though_its_child_lives(settings: Settings) -> None:
    with other_driver(settings) as other:
        other.kill()
        other.wait()

        async with hold_driver_lock(settings):
            pass


async def test_the_lock_is_free_when_the_runtime_is_closed(settings: Settings) -> None:
    async with open_runtime(settings):
        with pytest.raises(Driven):
            await open_runtime(settings).__aenter__()

    async with open_runtime(settings):
        pass


async def test_a_command_leaves_its_execution_to_the_server_that_runs(settings: Settings) -> None:
    async with open_runtime(settings) as server, open_runtime(settings, drives="own") as command:
        alice = await accounts.create_user(command, email="alice@example.com", password=PASSWORD, name="Alice")
        made = await workflows.create_workflow(command, alice, GREETING)
        started = await starting.start_execution(command, alice, made.id, input={})
        server.worker.submit(started.id)
        ended = await starting.wait_for(server, alice, started.id, 20)

    assert ended.status == "succeeded"


async def test_commands_that_drive_nothing_need_no_lock(settings: Settings) -> None:
    async with open_runtime(settings), open_runtime(settings, drives="nothing"):
        pass


def test_one_sqlite_file_by_another_name_is_the_same_database(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    first, second = (read_settings({"TREADLE_DATA": str(tmp_path / name)}) for name in (".", "link"))

    async def hold_both() -> None:
        async with hold_driver_lock(first), hold_driver_lock(second):
            pass

    with pytest.raises(Driven):
        asyncio.run(hold_both())


@pytest.mark.postgresql
async def test_a_lock_whose_connection_is_lost_is_taken_again(server_lock: ServerLock, other: Other) -> None:
    before = find_holder(other)
    keeping = asyncio.create_task(server_lock.keep())
    end_session(other, before)
    while find_holder(other) in {None, before}:  # noqa: ASYNC110 - the server has no event for it
        await asyncio.sleep(0)

    assert not keeping.done()
    keeping.cancel()


@pytest.mark.postgresql
async def test_who_finds_the_lock_taken_by_another_stops_driving_and_says_so(
    server_lock: ServerLock, other: Other, caplog: pytest.LogCaptureFixture
) -> None:
    stopped = asyncio.Event()

    async def stop() -> None:
        stopped.set()

    end_session(other, find_holder(other))
    other.execute("SELECT pg_advisory_lock(%s)", (KEY,))
    async with watch_driver_lock(server_lock, stop):
        await stopped.wait()

    assert "No more executions are driven here. Another process drives" in caplog.text


@pytest.fixture
async def server_lock(postgresql_url: str) -> AsyncIterator[ServerLock]:
    lock = ServerLock(read_url(postgresql_url), look_every=0)
    await lock.take()
    yield lock
    await lock.release()


@pytest.fixture
def other(postgresql_url: str) -> Iterator[Other]:
    """Somebody else's session on the same database."""
    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        yield connection


def find_holder(other: Other) -> int | None:
    row = other.execute("SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = %s", (KEY,)).fetchone()
    return row[0] if row else None


def end_session(other: Other, pid: int | None) -> None:
    """Return when that session and its locks are gone."""
    assert other.execute("SELECT pg_terminate_backend(%s, 10000)", (pid,)).fetchone() == (True,)
