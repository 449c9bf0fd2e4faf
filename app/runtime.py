"""The running parts, opened and closed together."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

import httpx

from app.attempts import Attempts
from app.changes import Changes
from app.db import Database
from app.egress import make_client
from app.migrations import migrate
from app.settings import Settings
from engine.models import utc_now
from engine.sdk import Step


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """What the services work with."""

    settings: Settings
    database: Database
    http: httpx.AsyncClient
    steps: Mapping[str, Step]
    changes: Changes = field(default_factory=Changes)
    attempts: Attempts = field(default_factory=Attempts)
    clock: Callable[[], datetime] = utc_now


_open: list[Runtime] = []


@asynccontextmanager
async def open_runtime(settings: Settings, *, clock: Callable[[], datetime] = utc_now) -> AsyncIterator[Runtime]:
    """Bring the database up to date and start all parts; the block's end closes them in reverse."""
    await migrate(settings)
    database = Database(settings.database_url)
    try:
        async with make_client(settings) as http:
            runtime = Runtime(settings=settings, database=database, http=http, steps={}, clock=clock)
            _open.append(runtime)
            try:
                yield runtime
            finally:
                _open.remove(runtime)
    finally:
        await database.close()


def get_runtime() -> Runtime:
    """The runtime that is open in this process."""
    if not _open:
        raise RuntimeError("The runtime is not open: the server's lifespan has not started, or has ended.")
    return _open[-1]
