"""Transactions, and what one expects of them."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from app.db import Database, read_url
from app.migrations import migrate
from app.models import Membership, Workspace
from app.settings import read_settings


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
