"""The engine on a real database, SQLite and PostgreSQL, with a clock that only moves when it is told to."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from hypothesis import HealthCheck, settings
from sqlmodel import SQLModel, create_engine

from app.db import Database, read_url
from engine.attempt import Tools
from engine.claims import Claims
from engine.events import Event
from engine.files import FolderFiles
from engine.journal import Journal
from engine.mailbox import Mailbox
from engine.models import Execution, ExecutionLog, ExecutionWait
from engine.progress import State
from engine.replay import replay
from engine.runner import Runner
from engine.sandbox import Sandbox
from engine.sdk import Step
from engine.store import Store
from tests.engine.build import STEPS

# The same examples each time, and no failure because the machine is busy.
settings.register_profile("engine", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("engine")

TABLES = [SQLModel.metadata.tables[model.__tablename__] for model in (Execution, ExecutionLog, ExecutionWait)]
NOBODY = httpx.MockTransport(lambda _request: httpx.Response(503))  # and no certificates to load for each client
START = datetime(2026, 11, 1, 12, tzinfo=UTC)


@dataclass
class FakeClock:
    """Time passes when `advance` says so."""

    time: datetime = START
    sleepers: list[tuple[datetime, asyncio.Event]] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def now(self) -> datetime:
        return self.time

    async def sleep_until(self, at: datetime) -> None:
        event = asyncio.Event()
        self.sleepers.append((at, event))
        self.news.set()
        if at > self.time:
            await event.wait()

    async def until_somebody_sleeps(self, until: datetime | None = None) -> None:
        """Return when somebody sleeps, or with `until` when somebody sleeps until that moment."""
        await self.news.wait()
        while until and until not in [at for at, _ in self.sleepers]:
            self.news.clear()
            await self.news.wait()

    def advance(self, seconds: float) -> None:
        self.news.clear()
        self.time += timedelta(seconds=seconds)
        for at, event in self.sleepers:
            if at <= self.time:
                event.set()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(scope="session")
def postgresql_tables(postgresql_server: str) -> str:
    """The URL of a database that all tests of the engine use one after another."""
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        connection.execute("CREATE DATABASE engine")
    url = postgresql_server.removesuffix("/postgres") + "/engine"
    SQLModel.metadata.create_all(create_engine(read_url(url)), tables=TABLES)
    return url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """An empty database of each kind."""
    if request.param == "postgresql":
        url = request.getfixturevalue("postgresql_tables")
        with psycopg.connect(url) as connection:
            connection.execute("TRUNCATE " + ", ".join(table.name for table in TABLES))
    else:
        url = f"sqlite:///{tmp_path / 'test.db'}"
    database = Database(url)
    if database.is_sqlite:
        async with database.write() as session:
            await (await session.connection()).run_sync(SQLModel.metadata.create_all, tables=TABLES)
    yield database
    await database.close()


@pytest.fixture
def store(database: Database) -> Store:
    return Store(database)


@pytest.fixture
async def journal(store: Store, clock: FakeClock) -> AsyncIterator[Journal]:
    journal = Journal(store, clock=clock)
    yield journal
    await journal.close()


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    sandbox = Sandbox()
    yield sandbox
    await sandbox.close()


@dataclass
class Engine:
    """What most tests need: start an execution of a definition and look at its log."""

    store: Store
    journal: Journal
    sandbox: Sandbox
    clock: FakeClock
    database: Database
    files: FolderFiles
    steps: dict[str, Step] = field(default_factory=lambda: dict(STEPS))

    @cached_property
    def claims(self) -> Claims:
        return Claims(self.database)

    @property
    def mailbox(self) -> Mailbox:
        return Mailbox(self.database)

    @property
    def tools(self) -> Tools:
        return Tools(
            steps=self.steps,
            http=httpx.AsyncClient(transport=NOBODY),
            sandbox=self.sandbox,
            files=self.files,
            clock=self.clock,
        )

    def runner(self) -> Runner:
        """A runner of its own, as a process has one."""
        return Runner(mailbox=self.mailbox, journal=self.journal, tools=self.tools, clock=self.clock)

    async def drive(self, execution_id: str) -> None:
        """Drive an execution on from where its log is."""
        for execution, state in await replay(self.store, [execution_id]):
            assert isinstance(state, State)
            await self.runner().drive(execution, state)

    async def insert(self, definition: dict[str, Any], input: Any = None, **columns: Any) -> str:
        execution = Execution(workflow_id="wf_1", definition=definition, input=input, **columns)
        async with self.database.write() as session:
            await self.store.insert_execution(session, execution)
        return execution.id

    async def run(self, definition: dict[str, Any], input: Any = None) -> Execution:
        """Drive an execution to its end."""
        execution_id = await self.insert(definition, input)
        await self.drive(execution_id)
        return await self.get(execution_id)

    async def get(self, execution_id: str) -> Execution:
        execution = await self.store.get_execution(execution_id)
        assert execution
        return execution

    async def log(self, execution_id: str) -> list[Event]:
        return await self.store.read_log(execution_id)

    async def until(self, status: str, execution_id: str, node_id: str | None) -> None:
        """Wait until the log says that a node, or with None the execution, has come to that status."""
        news = asyncio.Event()
        stop = self.journal.subscribe(lambda _: news.set())
        while (node_id, status) not in [(event.node_id, event.status) for event in await self.log(execution_id)]:
            await news.wait()
            news.clear()
        stop()

    async def statuses(self, execution_id: str) -> dict[str, str]:
        return {id_: node.status for id_, node in (await self.store.summarize_nodes(execution_id)).items()}


@pytest.fixture
def engine(
    store: Store, journal: Journal, sandbox: Sandbox, clock: FakeClock, database: Database, tmp_path: Path
) -> Engine:
    folder = tmp_path / "files"
    folder.mkdir()
    return Engine(store, journal, sandbox, clock, database, FolderFiles(folder))
