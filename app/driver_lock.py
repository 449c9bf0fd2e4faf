"""Only one process drives a database's executions: it holds a lock that ends with the process, however that ends."""

import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from fcntl import LOCK_EX, LOCK_NB, LOCK_UN, flock
from functools import partial
from pathlib import Path
from secrets import token_hex
from typing import IO, Protocol

from sqlalchemy import text
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from app.db import OPTIONS, read_url
from app.errors import StartError
from app.settings import Settings

LOOK_EVERY = 2.0  # seconds
ANSWER_LIMIT = 5.0  # seconds; the worker's leases last longer
KEY = 0x74726561  # of the advisory lock
TAKE = text("SELECT pg_try_advisory_lock(:key)").bindparams(key=KEY)
GIVE_BACK = text("SELECT pg_advisory_unlock(:key)").bindparams(key=KEY)
FIND_HOLDER = text(
    "SELECT application_name FROM pg_locks JOIN pg_stat_activity USING (pid) "
    "WHERE locktype = 'advisory' AND granted AND classid = 0 AND objid = :key AND objsubid = 1 "
    "AND datname = current_database()"
).bindparams(key=KEY)
# With a machine that is gone, the lock is free after some 25 s; a process that is gone frees it at once.
INTRODUCE = text(
    "SELECT set_config('application_name', :name, false), set_config('tcp_keepalives_idle', '10', false), "
    "set_config('tcp_keepalives_interval', '5', false), set_config('tcp_keepalives_count', '3', false)"
)
log = logging.getLogger(__name__)


class Driven(StartError):
    """Another process drives the executions of this database."""

    def __init__(self, holder: str) -> None:
        super().__init__(
            f"{holder or 'Another process'} drives this database's executions already, and only one may. "
            "Stop it, or set TREADLE_DATA or DATABASE_URL to use another database."
        )


class DriverLock(Protocol):
    """The right to drive, from `take` to `release`."""

    async def take(self) -> None:
        """Raise Driven, which names the process that has it."""

    async def keep(self) -> Driven:
        """Hold on to it; return only when another process has it."""

    async def release(self) -> None: ...


@asynccontextmanager
async def hold_driver_lock(settings: Settings) -> AsyncIterator[DriverLock]:
    """Hold the lock within the block; raise Driven when another process has it."""
    lock = _lock_of(read_url(settings.database_url))
    try:
        await lock.take()
        yield lock
    finally:
        await lock.release()


@asynccontextmanager
async def watch_driver_lock(lock: DriverLock, on_lost: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Within the block, say so and call `on_lost` when another process has come to hold the lock."""

    async def watch() -> None:
        log.error("No more executions are driven here. %s", await lock.keep())
        await on_lost()

    watching = asyncio.create_task(watch(), name="driver lock")
    try:
        yield
    finally:
        watching.cancel()
        await asyncio.wait([watching])


def _lock_of(url: URL) -> DriverLock:
    if url.get_backend_name() == "postgresql":
        return ServerLock(url)
    database = Path(url.database or "").resolve()  # one file, by whatever name
    return FileLock(database.with_name(f"{database.name}.driver"))


class FileLock:
    """For SQLite: a lock on a file beside the database, which the system frees when the process ends.

    Not on the database itself: closing any handle of that would give up SQLite's own locks.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None

    async def take(self) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = _lock_file(self._path)

    async def keep(self) -> Driven:
        return await asyncio.get_running_loop().create_future()  # only our end takes it away

    async def release(self) -> None:
        if self._file:
            self._file.truncate(0)
            flock(self._file, LOCK_UN)
            self._file.close()


def _lock_file(path: Path) -> IO[str]:
    """Lock the file and write in it who we are; what we start doesn't inherit it, so no child keeps the lock."""
    file = open(path, "a+", opener=partial(os.open, mode=0o600))  # noqa: SIM115 - kept open
    try:
        flock(file, LOCK_EX | LOCK_NB)
    except BlockingIOError:
        with file:
            file.seek(0)
            raise Driven(file.read()) from None
    file.truncate(0)
    file.write(_describe(os.getpid(), socket.gethostname()))
    file.flush()
    return file


class ServerLock:
    """For PostgreSQL: an advisory lock on a connection of its own, taken again when that is lost.

    A pooler between may not share that connection out by transaction.
    """

    def __init__(self, url: URL, *, look_every: float = LOOK_EVERY) -> None:
        self._engine = create_async_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT", **OPTIONS)
        self._look_every = look_every
        self._name = f"treadle {os.getpid()} {token_hex(4)} {socket.gethostname()}"[:63]  # the server keeps no more
        self._connection: AsyncConnection | None = None

    async def take(self) -> None:
        connection = await self._engine.connect()
        try:
            await connection.execute(INTRODUCE, {"name": self._name})
            if not await connection.scalar(TAKE):
                self._refuse(await connection.scalar(FIND_HOLDER) or "")
        except BaseException:
            await connection.close()
            raise
        self._connection = connection

    async def keep(self) -> Driven:
        while True:
            try:
                async with asyncio.timeout(ANSWER_LIMIT):
                    await self._look()
            except Driven as lost:
                return lost
            except (SQLAlchemyError, OSError):  # a TimeoutError is one, too
                log.warning("The connection that holds the driver's lock is lost; trying again")
                await self._disconnect()
            await asyncio.sleep(self._look_every)

    async def release(self) -> None:
        """Give it back ourselves: the server notices a closed connection a moment later."""
        if self._connection:
            with suppress(SQLAlchemyError, OSError):
                await self._connection.execute(GIVE_BACK)
        await self._disconnect()
        await self._engine.dispose()

    async def _look(self) -> None:
        if self._connection is None:
            await self.take()
            log.warning("The driver's lock is held again")
        else:
            await self._connection.execute(text("SELECT 1"))

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection:
            with suppress(SQLAlchemyError, OSError):
                await connection.close()

    def _refuse(self, holder: str) -> None:
        match holder.split(" ", 3):
            case ["treadle", _, _, _] if holder == self._name:
                raise TimeoutError("The server has not noticed yet that our last connection is gone.")
            case ["treadle", pid, _, host]:
                raise Driven(_describe(pid, host))
            case _:
                raise Driven("")


def _describe(pid: int | str, host: str) -> str:
    return f"Process {pid} on {host}"
