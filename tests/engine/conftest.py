"""The engine on a real SQLite database, with a clock that only moves when it is told to."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, settings
from sqlmodel import SQLModel

from app.db import Database
from engine.attempt import Tools
from engine.events import Event
from engine.journal import Journal
from engine.models import Execution, ExecutionLog
from engine.runner import Runner
from engine.sandbox import Sandbox
from engine.sdk import Step
from engine.store import Store
from tests.engine.build import STEPS

# The same examples each time, and no failure because the machine is busy.
settings.register_profile("engine", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("engine")

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

    async def until_somebody_sleeps(self) -> None:
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


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'test.db'}")
    tables = [SQLModel.metadata.tables[model.__tablename__] for model in (Execution, ExecutionLog)]
    async with database.write() as session:
        await (await session.connection()).run_sync(SQLModel.metadata.create_all, tables=tables)
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
    steps: dict[str, Step] = field(default_factory=lambda: dict(STEPS))

    def runner(self) -> Runner:
        """A runner of its own, as a process has one."""
        tools = Tools(steps=self.steps, http=httpx.AsyncClient(), sandbox=self.sandbox)
        return Runner(journal=self.journal, tools=tools, clock=self.clock)

    async def drive(self, execution_id: str) -> None:
        """Drive an execution on from where its log is."""
        for execution, events in await self.store.load([execution_id]):
            await self.runner().drive(execution, events)

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

    async def statuses(self, execution_id: str) -> dict[str, str]:
        return {id_: node.status for id_, node in (await self.store.summarize_nodes(execution_id)).items()}


@pytest.fixture
def engine(store: Store, journal: Journal, sandbox: Sandbox, clock: FakeClock, database: Database) -> Engine:
    return Engine(store, journal, sandbox, clock, database)
