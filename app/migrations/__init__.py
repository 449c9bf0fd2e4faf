"""Brings the database's tables up to date at each start: one transaction, under a lock, quick when nothing is to do."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from fcntl import LOCK_EX, flock
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, inspect, text
from sqlalchemy.engine import URL

from app.db import prepare_sqlite, read_url
from app.errors import StartError
from app.settings import Settings

HEAD = "0002"  # the newest file in versions/; known here so that a start needs no Alembic


async def migrate(settings: Settings) -> None:
    """Create or upgrade the tables; safe to call by several processes at once."""
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    await asyncio.to_thread(upgrade, read_url(settings.database_url))


def upgrade(url: URL, to: str = HEAD) -> None:
    """Bring the database at `url` to a revision; raise StartError when a newer Treadle has made it."""
    with _open(url) as engine, engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('treadle migrations'))"))
        if find_revision(connection) != to:
            _run_alembic(connection, to)


def find_revision(connection: Connection) -> str | None:
    """The revision that the database is at; None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


@contextmanager
def _open(url: URL) -> Iterator[Engine]:
    with nullcontext() if url.get_backend_name() == "postgresql" else _lock_file(Path(url.database or "")):
        engine = _make_engine(url)
        try:
            yield engine
        finally:
            engine.dispose()


@contextmanager
def _lock_file(database: Path) -> Iterator[None]:
    """Hold a lock beside SQLite's file: switching a new database to WAL does not wait for the others by itself."""
    database.parent.mkdir(parents=True, exist_ok=True)
    with database.with_name(f"{database.name}.lock").open("w") as lock:
        flock(lock, LOCK_EX)
        yield


def _make_engine(url: URL) -> Engine:
    if url.get_backend_name() == "postgresql":
        return create_engine(url)
    engine = create_engine(url.set(drivername="sqlite"))
    # Changing a table on SQLite means copying it, and its references may not be checked meanwhile.
    prepare_sqlite(engine, begin="BEGIN IMMEDIATE", foreign_keys=False)
    return engine


def _run_alembic(connection: Connection, to: str) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent))
    try:
        command.upgrade(config, to)
    except CommandError as error:
        raise StartError(
            "This database was made by a newer version of Treadle. Start that version, or restore a backup."
        ) from error
