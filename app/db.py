"""The database: short read and write transactions, on SQLite or PostgreSQL."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from typing import Any

from sqlalchemy import Engine, String, create_engine, event, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlmodel.ext.asyncio.session import AsyncSession

from app.batches import Batches, PostgresqlBatches, SqliteBatches
from app.statements import Batch

# Errors must not repeat what people have saved, and what they search for must be written as they write it.
OPTIONS: dict[str, Any] = {"hide_parameters": True, "json_serializer": json.JSONEncoder(ensure_ascii=False).encode}


class Database:
    """Gives sessions; SQLite's writers wait their turn here, for in the file they would ask again and again."""

    def __init__(self, url: str) -> None:
        self.url = read_url(url)
        if self.is_sqlite:
            self._readers = _open_sqlite(self.url, begin="BEGIN", pool_size=5)
            self._writers = _open_sqlite(self.url, begin="BEGIN IMMEDIATE", pool_size=1)
            self._batches: Batches = SqliteBatches(_open_sqlite_plainly(self.url))
            self._turn: AbstractAsyncContextManager[Any] = asyncio.Lock()
        else:
            self._readers = self._writers = create_async_engine(self.url, pool_size=10, pool_pre_ping=True, **OPTIONS)
            self._batches = PostgresqlBatches(self._writers)
            self._turn = nullcontext()

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A transaction that sees one state of the database and keeps nothing."""
        async with AsyncSession(self._readers, expire_on_commit=False) as session:
            yield session

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """A transaction that commits at the end and rolls back on an exception; it holds the lock from its start."""
        async with (
            self._turn,
            AsyncSession(self._writers, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    async def write_batch(self, batch: Batch) -> None:
        """Run statements, each with many rows, in one transaction: much faster than in a session."""
        async with self._turn:
            await self._batches.run(batch)

    async def lock(self, session: AsyncSession, name: str) -> None:
        """Let only one transaction of that name run at a time; on SQLite each write already does."""
        if not self.is_sqlite:
            await session.scalar(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": name})

    async def close(self) -> None:
        await self._batches.close()
        await self._readers.dispose()
        await self._writers.dispose()


class folded(FunctionElement[str]):  # noqa: N801 - it is used like a SQL function
    """A text in lower case, whatever its language; SQLite's own `lower` knows ASCII only."""

    name = "folded"
    type = String()
    inherit_cache = True


@compiles(folded)
def _compile_folded(element: Any, compiler: Any, **options: Any) -> str:
    name = "treadle_lower" if compiler.dialect.name == "sqlite" else "lower"
    return f"{name}({compiler.process(element.clauses, **options)})"


def read_url(url: str) -> URL:
    """Name the driver that a plain `sqlite:` or `postgresql:` URL leaves open; raise ValueError for anything else."""
    with suppress(ArgumentError, ValueError):
        parsed = make_url(url)
        match parsed.get_backend_name():
            case "sqlite" if parsed.database and parsed.database != ":memory:":
                return parsed.set(drivername="sqlite+aiosqlite")
            case "postgresql" | "postgres":
                return parsed.set(drivername="postgresql+psycopg")
    raise ValueError("DATABASE_URL must be sqlite:///path/to/file.db or postgresql://user:password@host/database.")


def prepare_sqlite(engine: Engine, *, begin: str, foreign_keys: bool = True) -> None:
    """Make SQLite safe for a server: durable commits, checked references, real transactions, patient locks."""

    @event.listens_for(engine, "connect")
    def connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # or the driver begins transactions when it likes
        cursor = connection.cursor()
        for pragma in ("busy_timeout=10000", "journal_mode=WAL", "synchronous=FULL"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.execute(f"PRAGMA foreign_keys={'ON' if foreign_keys else 'OFF'}")
        cursor.close()
        connection.create_function("treadle_lower", 1, str.lower)

    @event.listens_for(engine, "begin")
    def start(connection: Any) -> None:
        connection.exec_driver_sql(begin)


def _open_sqlite(url: URL, *, begin: str, pool_size: int) -> AsyncEngine:
    # No time limit in the queue: writers are short, and giving up would lose what they carry.
    engine = create_async_engine(url, pool_size=pool_size, max_overflow=0, pool_timeout=None, **OPTIONS)
    prepare_sqlite(engine.sync_engine, begin=begin)
    return engine


def _open_sqlite_plainly(url: URL) -> Engine:
    engine = create_engine(url.set(drivername="sqlite"), **OPTIONS)
    prepare_sqlite(engine, begin="BEGIN IMMEDIATE")
    return engine
