"""Writes many rows in one transaction that costs one hop to the database and back."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, Protocol, cast

import psycopg
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.statements import Batch, Bound, Statements
from app.work_thread import WorkThread


class Batches(Protocol):
    """The short way to one database. `run` writes all or nothing and raises what SQLAlchemy would."""

    async def run(self, batch: Batch) -> None: ...

    async def close(self) -> None: ...


class SqliteBatches:
    """A connection with a thread of its own: a whole transaction is one call there."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._statements = Statements(engine.dialect)
        self._thread = WorkThread("batches")
        self._connection: Any = None

    async def run(self, batch: Batch) -> None:
        await self._thread.do(partial(self._run, batch))

    async def close(self) -> None:
        await self._thread.do(self._close)
        self._thread.stop()

    def _run(self, batch: Batch) -> None:
        work = self._statements.bind(batch)
        if self._connection is None:
            self._connection = self._engine.raw_connection()
        cursor = self._connection.cursor()
        try:
            with _as_sqlalchemy(sqlite3.Error):
                cursor.execute("BEGIN IMMEDIATE")
                for text, rows in work:
                    cursor.executemany(text, rows)
                cursor.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):  # it may not have begun, or be over
                cursor.execute("ROLLBACK")
            raise

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._engine.dispose()


class PostgresqlBatches:
    """A connection in pipeline mode: everything up to the commit goes out before the first answer is read."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._statements = Statements(engine.dialect)
        self._turn = asyncio.Lock()
        self._connection: AsyncConnection | None = None

    async def run(self, batch: Batch) -> None:
        work = self._statements.bind(batch)
        async with self._turn:
            try:
                with _as_sqlalchemy(psycopg.Error):
                    await self._write(work)
            except BaseException:
                await self.close()
                raise

    async def close(self) -> None:
        """End the connection and what it has begun; the next batch opens another."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            await connection.invalidate()
            await connection.close()

    async def _write(self, work: Bound) -> None:
        connection = await self._open()
        async with connection.pipeline(), connection.cursor() as cursor:
            for text, rows in work:
                await cursor.executemany(text, rows)
            await connection.commit()

    async def _open(self) -> psycopg.AsyncConnection[Any]:
        if self._connection is None:
            self._connection = await self._engine.connect()
        raw = await self._connection.get_raw_connection()
        return cast(psycopg.AsyncConnection[Any], raw.driver_connection)


@contextmanager
def _as_sqlalchemy(of_driver: type[Exception]) -> Iterator[None]:
    """Raise what the driver raises as SQLAlchemy does."""
    try:
        yield
    except of_driver as error:
        raise DBAPIError.instance(None, None, error, of_driver) from error
