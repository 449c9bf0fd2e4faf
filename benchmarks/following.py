"""What it costs an execution that somebody watches it: a loop of 20,000 iterations, with nobody there and with tabs."""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from statistics import median
from time import perf_counter
from typing import Any

from app.hub import Hub
from app.models import User
from app.runtime import Runtime, open_runtime
from app.services import accounts, starting, workflows
from app.settings import read_settings
from benchmarks.lab import PERSON, edge, node, print_table

ITERATIONS, TIMES = 20_000, 3
WATCHING = {"nobody": None, "a tab": "", "a tab that looks at a node in the loop": "double"}


async def main() -> None:
    took: dict[str, list[float]] = {name: [] for name in WATCHING}
    with tempfile.TemporaryDirectory() as folder:
        async with open_runtime(read_settings({"TREADLE_DATA": folder})) as rt:
            user = await accounts.create_user(rt, **PERSON)
            workflow_id = (await workflows.create_workflow(rt, user, make_workflow())).id
            for _ in range(TIMES):
                for name, node_id in WATCHING.items():
                    took[name].append(await run(rt, user, workflow_id, node_id))
    alone = median(took["nobody"])
    print_table(
        f"{ITERATIONS:,} iterations, seconds (median of {TIMES})",
        ("watched by", "s", "against nobody"),
        [(name, median(times), f"{median(times) / alone:.2f}") for name, times in took.items()],
    )


async def run(rt: Runtime, user: User, workflow_id: str, node_id: str | None) -> float:
    """Run the workflow to its end; return how long that took."""
    async with open_tab(rt, user, workflow_id, node_id):
        began = perf_counter()
        execution = await starting.start_execution(rt, user, workflow_id, input={})
        await rt.worker.wait(execution.id, 600)
        return perf_counter() - began


@asynccontextmanager
async def open_tab(rt: Runtime, user: User, workflow_id: str, node_id: str | None) -> AsyncIterator[None]:
    """Watch as the editor does, up to the wire."""
    if node_id is None:
        yield
        return
    hub = Hub(rt, push, push)  # type: ignore[arg-type]
    running = asyncio.create_task(hub.run())
    signed_in = await accounts.sign_in(rt, email=PERSON["email"], password=PERSON["password"])
    await hub.watch("tab", user, workflow_id, session_id=signed_in.session.id)
    await hub.follow("tab", "", node_id)
    yield
    running.cancel()
    await asyncio.wait([running])


async def push(tab: str, values: Any = None) -> bool:
    json.dumps(values, default=vars)
    return True


def make_workflow() -> dict[str, Any]:
    loop = node(
        "each", "logic/for-each", x=280, y=0, items="{{ list(range(" + str(ITERATIONS) + ")) }}", concurrency=10
    )
    double = node("double", "data/set-fields", x=24, y=80, fields={"n": "{{ item }}"})
    nodes = [node("start", "trigger/manual", x=0, y=0), {**loop, "type": "group"}, {**double, "parentId": "each"}]
    return {"name": "Loop", "nodes": nodes, "edges": [edge("start", "each")]}


if __name__ == "__main__":
    asyncio.run(main())
