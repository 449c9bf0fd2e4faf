"""Brings the database's tables up to date at each start: one transaction, under a lock, quick when nothing is to do."""

import asyncio
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, inspect, text
from sqlalchemy.engine import URL

from app.db import prepare_sqlite, read_url
from app.errors import StartError
from app.settings import Settings

HEAD = "0001"  # the newest file in versions/; known here so that a start needs no Alembic


async def migrate(settings: Settings) -> None:
    """Create or upgrade the tables; safe to call by several processes at once."""
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    await asyncio.to_thread(upgrade, read_url(settings.database_url))


def upgrade(url: URL) -> None:
    """Bring the database at `url` to HEAD; raise StartError when a newer Treadle has made it."""
    engine = _open(url)
    try:
        with engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('treadle migrations'))"))
            if find_revision(connection) != HEAD:
                _run_alembic(connection)
    finally:
        engine.dispose()


def find_revision(connection: Connection) -> str | None:
    """The revision that the database is at; None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def _open(url: URL) -> Engine:
    if url.get_backend_name() == "postgresql":
        return create_engine(url)
    Path(url.database or "").parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url.set(drivername="sqlite"))
    # Changing a table on SQLite means copying it, and its references may not be checked meanwhile.
    prepare_sqlite(engine, begin="BEGIN IMMEDIATE", foreign_keys=False)
    return engine


def _run_alembic(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent))
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise StartError(
            "This database was made by a newer version of Treadle. Start that version, or restore a backup."
        ) from error
