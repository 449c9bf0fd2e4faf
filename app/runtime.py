"""The running parts, opened and closed together."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Literal

import httpx

from app.attempts import Attempts
from app.changes import Changes
from app.children import Children
from app.db import Database
from app.driver_lock import Driven, DriverLock, hold_driver_lock, watch_driver_lock
from app.egress import make_client
from app.migrations import migrate
from app.outside import AppOutside
from app.revs import Revs
from app.secrets import open_secrets
from app.settings import Settings
from app.snapshots import Snapshots
from app.starter import Starter
from engine.attempt import Tools
from engine.claims import Claims
from engine.clock import Clock, SystemClock
from engine.files import Files, FolderFiles
from engine.journal import Journal
from engine.mailbox import Mailbox
from engine.models import utc_now
from engine.sandbox import Sandbox
from engine.sdk import Plugin, Step, steps_by_action
from engine.store import Store
from engine.worker import Worker
from plugins import load_plugins

Drives = Literal["all", "own", "nothing"]  # which executions


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """What the services work with."""

    settings: Settings
    database: Database
    http: httpx.AsyncClient
    plugins: tuple[Plugin, ...]
    steps: Mapping[str, Step]
    store: Store
    journal: Journal
    mailbox: Mailbox
    files: Files
    outside: AppOutside
    worker: Worker
    starter: Starter
    snapshots: Snapshots
    revs: Revs
    changes: Changes = field(default_factory=Changes)
    attempts: Attempts = field(default_factory=Attempts)
    on_sign_out: list[Callable[[str], None]] = field(default_factory=list)  # each is called with the session's id
    clock: Callable[[], datetime] = utc_now
    engine_clock: Clock = field(default_factory=SystemClock)  # by which executions wait


_open: list[Runtime] = []


@asynccontextmanager
async def open_runtime(
    settings: Settings,
    *,
    clock: Callable[[], datetime] = utc_now,
    engine_clock: Clock | None = None,
    drives: Drives = "all",
) -> AsyncIterator[Runtime]:
    """Bring the database up to date and start all parts; the block's end closes them in reverse.

    Raise Driven when another process drives "all". A command drives "nothing", which leaves its executions to the
    server, or its "own" only, which are left to the server, too, while there is one.
    """
    async with AsyncExitStack() as closing:
        lock = await _take_lock(settings, closing, drives)
        await migrate(settings)
        runtime = await _start(settings, closing, clock, engine_clock or SystemClock(), drives)
        if lock:
            await runtime.worker.start()
            closing.push_async_callback(runtime.worker.stop)
            await closing.enter_async_context(watch_driver_lock(lock, partial(runtime.worker.stop, grace=0)))
        _open.append(runtime)
        closing.callback(_open.remove, runtime)
        yield runtime


def get_runtime() -> Runtime:
    """The runtime that is open in this process."""
    if not _open:
        raise RuntimeError("The runtime is not open: the server's lifespan has not started, or has ended.")
    return _open[-1]


async def _take_lock(settings: Settings, closing: AsyncExitStack, drives: Drives) -> DriverLock | None:
    if drives == "nothing":
        return None
    try:
        return await closing.enter_async_context(hold_driver_lock(settings))
    except Driven:
        if drives == "all":
            raise
        return None


async def _start(
    settings: Settings,
    closing: AsyncExitStack,
    clock: Callable[[], datetime],
    engine_clock: Clock,
    drives: Drives,
) -> Runtime:
    plugins = load_plugins()
    steps = steps_by_action(plugins)
    database = Database(settings.database_url)
    closing.push_async_callback(database.close)
    http = await closing.enter_async_context(make_client(settings))
    sandbox = Sandbox()
    closing.push_async_callback(sandbox.close)
    store = Store(database)
    journal = Journal(store)
    closing.push_async_callback(journal.close)
    mailbox = Mailbox(database)
    starter, snapshots = Starter(database, engine_clock), Snapshots(steps)
    outside = AppOutside(settings, database, open_secrets(settings), clock, Children(database, snapshots, starter))
    tools = Tools(
        steps=steps, http=http, sandbox=sandbox, files=_open_files(settings), clock=engine_clock, outside=outside
    )
    worker = Worker(
        store, Claims(database), journal, mailbox, tools, limit=settings.max_executions, takes_any=drives == "all"
    )
    revs = Revs(database)
    closing.push_async_callback(revs.close)
    starter.hand_to(worker)
    closing.push_async_callback(starter.close)
    return Runtime(
        settings=settings,
        database=database,
        http=http,
        plugins=plugins,
        steps=steps,
        store=store,
        journal=journal,
        mailbox=mailbox,
        files=tools.files,
        outside=outside,
        worker=worker,
        starter=starter,
        snapshots=snapshots,
        revs=revs,
        clock=clock,
        engine_clock=engine_clock,
    )


def _open_files(settings: Settings) -> FolderFiles:
    folder = settings.data / "files"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return FolderFiles(folder)
