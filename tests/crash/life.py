"""One life of a process that runs the product on a database, and may be killed at one of its commits."""

import asyncio
import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

import app.runtime
import engine.journal
import engine.runner
from app.driver_lock import Driven
from app.settings import Settings
from engine.events import Event
from engine.sdk import Field, Plugin, StepContext, step
from engine.store import Store
from plugins import load_plugins
from tests.engine.build import PLUGIN

LONGEST = 30  # seconds
NOBODY = httpx.MockTransport(lambda request: httpx.Response(503))  # and no certificates to load
PLUGINS = load_plugins()  # before the processes are made, so that none of them has to


@dataclass(frozen=True)
class Death:
    """At which commit of its life the process is killed: while that is written, or when one row after another is."""

    commit: int
    is_during: bool = False


@dataclass(frozen=True)
class Place:
    """Where it lives: a database, and a folder in which steps note that they run."""

    url: str
    folder: Path

    @property
    def settings(self) -> Settings:
        return Settings(data=self.folder, database_url=self.url)

    @property
    def runs(self) -> list[str]:
        """The idempotency key of every run of a step so far."""
        notes = self.folder / "runs"
        return notes.read_text().split() if notes.exists() else []

    @property
    def commits(self) -> int:
        """How many the journal made in the last life that ended by itself."""
        return int((self.folder / "commits").read_text())


def live(place: Place, execution_id: str, death: Death | None) -> None:
    """Drive an execution to its end, unless death comes before."""
    app.runtime.load_plugins = lambda: (*PLUGINS, _plugin(place))
    app.runtime.make_client = lambda settings: httpx.AsyncClient(transport=NOBODY)
    engine.runner.HOLD = timedelta(0)  # what waits at all is let go
    if death and not death.is_during:
        engine.journal.MAX_BATCH = 1
    commits = _count_commits(death)
    asyncio.run(_drive(place, execution_id))
    (place.folder / "commits").write_text(str(len(commits)))


def _plugin(place: Place) -> Plugin:
    async def note(context: StepContext, *, value: Any) -> Any:
        """Say on disk that it runs."""
        with (place.folder / "runs").open("a") as notes:
            notes.write(f"{context.idempotency_key}\n")
            notes.flush()
            os.fsync(notes.fileno())
        return value

    fields = (Field(name="value", label="Value"),)
    made = step(note, name="note", label="Note", description="", fields=fields)
    return replace(PLUGIN, steps=(*PLUGIN.steps, made))


def _count_commits(death: Death | None) -> list[int]:
    """Count from now on the commits of the journal, and die at the one that is meant."""
    append = Store.append
    commits: list[int] = []

    async def append_and_die(store: Store, events: Sequence[Event]) -> None:
        commits.append(len(events))
        if death and death.commit == len(commits) and death.is_during:
            asyncio.get_running_loop().call_soon(_die)
        await append(store, events)
        if death and death.commit == len(commits):
            _die()

    Store.append = append_and_die  # type: ignore[assignment, method-assign]
    return commits


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


async def _drive(place: Place, execution_id: str) -> None:
    try:
        async with app.runtime.open_runtime(place.settings) as runtime:
            if not await runtime.worker.wait(execution_id, LONGEST):
                raise TimeoutError(execution_id)
    except Driven:  # the server has yet to notice that the one before is gone
        await asyncio.sleep(0.05)
        await _drive(place, execution_id)
