"""Transactions, and what one expects of them."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlmodel import select

from app.db import Database, read_url
from app.migrations import migrate
from app.models import Membership, Workspace
from app.settings import read_settings
from engine.models import Execution, ExecutionLog

BERLIN = timezone(timedelta(hours=1))
ROW: dict[str, Any] = {
    **dict.fromkeys(ExecutionLog.model_fields),
    "execution_id": "ex_1",
    "node_id": "a",
    "iteration": [3, 0],
    "attempt": 1,
    "status": "running",
    "output": {"text": 'Grüße \\ "', "numbers": [0.1, 10**20, True], "none": None},
    "handles": ["true"],
    "timestamp": datetime(2026, 11, 1, 12, 30, 0, 120, tzinfo=BERLIN),
}


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    settings = read_settings({"TREADLE_DATA": str(tmp_path)})
    await migrate(settings)
    opened = Database(settings.database_url)
    yield opened
    await opened.close()


async def names(database: Database) -> list[str]:
    async with database.read() as session:
        return list((await session.exec(select(Workspace.name).order_by(Workspace.name))).all())


async def test_an_exception_undoes_the_whole_transaction(database: Database) -> None:
    async def fail_half_way() -> None:
        async with database.write() as session:
            session.add(Workspace(name="half"))
            await session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_half_way()

    assert await names(database) == []


async def test_writers_wait_for_each_other(database: Database) -> None:
    async def add(name: str) -> None:
        async with database.write() as session:
            known = len((await session.exec(select(Workspace))).all())
            await asyncio.sleep(0)
            session.add(Workspace(name=f"{known:02} {name}"))

    await asyncio.gather(*(add(str(number)) for number in range(20)))

    assert [name[:2] for name in await names(database)] == [f"{number:02}" for number in range(20)]


async def test_readers_do_not_wait_for_a_writer(database: Database) -> None:
    async with database.write() as session:
        session.add(Workspace(name="new"))
        await session.flush()

        assert await names(database) == []


async def test_a_reference_to_nothing_is_refused(database: Database) -> None:
    async def add() -> None:
        async with database.write() as session:
            session.add(Membership(workspace_id="ws_none", user_id="us_secret", role="admin"))

    with pytest.raises(IntegrityError) as raised:
        await add()

    assert "us_secret" not in str(raised.value)


async def test_a_commit_is_on_disk_when_it_returns(database: Database) -> None:
    async with database.write() as session:
        pragmas = [await session.scalar(text(f"PRAGMA {name}")) for name in ("journal_mode", "synchronous")]

    assert pragmas == ["wal", 2]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
async def either(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """A database of each kind, with an execution to write about."""
    url = {"DATABASE_URL": request.getfixturevalue("postgresql_url")} if request.param == "postgresql" else {}
    settings = read_settings({"TREADLE_DATA": str(tmp_path), **url})
    await migrate(settings)
    opened = Database(settings.database_url)
    async with opened.write() as session:
        session.add(Execution(id="ex_1", workflow_id="wf_1", definition={}))
    yield opened
    await opened.close()


async def stored(database: Database, seq: int) -> Any:
    """A row as the database itself has it, without what SQLAlchemy makes of it."""
    columns = ", ".join(f"CAST({name} AS TEXT)" for name in ROW if name != "seq")
    async with database.read() as session:
        return (await session.exec(text(f"SELECT {columns} FROM workflow_execution_logs WHERE seq = {seq}"))).one()


async def test_a_batch_stores_what_a_session_would_and_reads_the_same(either: Database) -> None:
    async with either.write() as session:
        session.add(ExecutionLog(**ROW | {"seq": 1}))
    await either.write_batch([(insert(ExecutionLog), [ROW | {"seq": 2}])])

    assert await stored(either, 2) == await stored(either, 1)
    async with either.read() as session:
        row = await session.get_one(ExecutionLog, ("ex_1", 2))
    assert (row.output, row.input, row.handles) == (ROW["output"], None, ["true"])
    assert row.timestamp == ROW["timestamp"]
    assert row.timestamp.tzinfo is UTC or row.timestamp.utcoffset() == timedelta()


@pytest.mark.parametrize("value", [2**64 + 1, -(2**63) - 1, 1.0, 0.1 + 0.2, 1e300, "1e5", "007", True, None, [1.0]])
async def test_a_value_is_read_as_it_was_written(either: Database, value: Any) -> None:
    async with either.write() as session:
        session.add(Execution(id="ex_2", workflow_id="wf_1", definition={}, input=value, result=value))
        session.add(ExecutionLog(**ROW | {"seq": 1, "input": value, "output": value}))
    await either.write_batch([(insert(ExecutionLog), [ROW | {"seq": 2, "input": value, "output": value}])])

    async with either.read() as session:
        execution = await session.get_one(Execution, "ex_2")
        rows = [await session.get_one(ExecutionLog, ("ex_1", seq)) for seq in (1, 2)]
    read = [execution.input, execution.result, *(each for row in rows for each in (row.input, row.output))]
    assert list(map(repr, read)) == [repr(value)] * 6  # 1 == 1.0 == True


async def test_a_batch_is_written_wholly_or_not_at_all_and_the_next_one_is_written(either: Database) -> None:
    add = insert(ExecutionLog)

    with pytest.raises(IntegrityError):
        await either.write_batch([(add, [ROW | {"seq": 1}]), (add, [ROW | {"seq": 2}, ROW | {"seq": 1}])])
    await either.write_batch([(add, [ROW | {"seq": 3}])])

    async with either.read() as session:
        assert list(await session.exec(select(ExecutionLog.seq))) == [3]


async def test_what_no_driver_takes_is_no_outage(either: Database) -> None:
    with pytest.raises((UnicodeEncodeError, TypeError)):
        await either.write_batch([(insert(ExecutionLog), [ROW | {"seq": 1, "stdout": "\ud800"}])])
    with pytest.raises(TypeError):
        await either.write_batch([(insert(ExecutionLog), [ROW | {"seq": 1, "output": 1j}])])


async def test_a_missing_table_is_told_as_sqlalchemy_would(either: Database) -> None:
    with pytest.raises(DBAPIError, match="nowhere"):
        await either.write_batch([(text("INSERT INTO nowhere (a) VALUES (:a)"), [{"a": 1}])])


@pytest.mark.postgresql
@pytest.mark.parametrize("either", ["postgresql"], indirect=True)
async def test_a_connection_that_was_cut_is_told_once_and_opened_anew(either: Database) -> None:
    await either.write_batch([(insert(ExecutionLog), [ROW | {"seq": 1}])])
    others = "FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()"
    async with either.read() as session:
        await session.scalar(text(f"SELECT pg_terminate_backend(pid) {others}"))

    with pytest.raises(OperationalError):
        await either.write_batch([(insert(ExecutionLog), [ROW | {"seq": 2}])])
    await either.write_batch([(insert(ExecutionLog), [ROW | {"seq": 2}])])


async def test_batches_and_writers_wait_for_each_other(either: Database) -> None:
    async def add(seq: int) -> None:
        await either.write_batch([(insert(ExecutionLog), [ROW | {"seq": seq}])])

    async with either.write() as session:
        session.add(ExecutionLog(**ROW | {"seq": 1}))
        waiting = asyncio.gather(*(add(seq) for seq in range(2, 6)))
        await session.flush()
    await waiting

    async with either.read() as session:
        assert sorted(await session.exec(select(ExecutionLog.seq))) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("url", "driver"),
    [
        ("sqlite:///data/treadle.db", "sqlite+aiosqlite"),
        ("postgresql://me:secret@host/db", "postgresql+psycopg"),
        ("postgres://me:secret@host/db", "postgresql+psycopg"),
        ("postgresql+psycopg://me:secret@host/db", "postgresql+psycopg"),
    ],
)
def test_a_plain_url_gets_its_driver(url: str, driver: str) -> None:
    assert read_url(url).drivername == driver


@pytest.mark.parametrize(
    "url", ["mysql://host/db", "sqlite://", "sqlite:///:memory:", "nonsense", "", "postgresql://host:x/db"]
)
def test_a_database_that_cannot_serve_is_named(url: str) -> None:
    with pytest.raises(ValueError, match="DATABASE_URL"):
        read_url(url)
