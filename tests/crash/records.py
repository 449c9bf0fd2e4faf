"""What a process has left behind: an execution, its log, and which steps ran."""

import asyncio
from dataclasses import dataclass
from typing import Any

from app.db import Database
from engine.models import Execution
from engine.store import Store
from tests.crash.life import Place


@dataclass(frozen=True)
class Record:
    """An execution as it is on disk; `finished` and `runs` name steps by their idempotency keys."""

    status: str
    result: Any
    rows: int
    finished: frozenset[str]
    runs: tuple[str, ...]


def insert(place: Place, execution_id: str, definition: dict[str, Any]) -> None:
    """Have an execution wait to be driven."""

    async def write(database: Database) -> None:
        execution = Execution(id=execution_id, workflow_id="wf_1", definition=definition, input={})
        async with database.write() as session:
            await Store(database).insert_execution(session, execution)

    asyncio.run(_with_database(place, write))


def read(place: Place, execution_id: str) -> Record:
    async def load(database: Database) -> Record:
        store = Store(database)
        execution, log = await store.get_execution(execution_id), await store.read_log(execution_id)
        assert execution
        finished = frozenset(
            f"{execution_id}:{event.node_id}:{'.'.join(map(str, event.iteration))}"
            for event in log
            if event.node_id and event.status == "succeeded"
        )
        return Record(execution.status, execution.result, len(log), finished, tuple(place.runs))

    return asyncio.run(_with_database(place, load))


async def _with_database(place: Place, work: Any) -> Any:
    database = Database(place.url)
    try:
        return await work(database)
    finally:
        await database.close()
