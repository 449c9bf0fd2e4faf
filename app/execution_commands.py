"""The commands about executions: in the name of their workflow's owner, while the server drives them or is away."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Literal

from app.errors import Invalid
from app.settings import Settings

WIDTH = 12


def list_executions(settings: Settings, *, workflow: str | None, status: str | None, limit: int) -> None:
    """Print the newest executions, of everybody."""
    from app.runtime import open_runtime
    from app.services import executions
    from engine.store import Filters

    async def read() -> list[dict[str, Any]]:
        async with open_runtime(settings, drives="nothing") as rt:
            filters = Filters(workflow_ids=[workflow] if workflow else None, status=status)
            return [executions.describe_briefly(each) for each in await rt.store.list_executions(filters, limit=limit)]

    if limit < 1:
        raise Invalid("limit must be at least 1.")
    for each in asyncio.run(read()):
        created = each["created_at"].isoformat(sep=" ", timespec="seconds").removesuffix("+00:00")
        print(f"{each['id']}  {created}  {each['status']:9}  {each['trigger']:8}  {each['workflow_name']}")


def show_execution(settings: Settings, *, execution_id: str, as_json: bool) -> None:
    """Print what an execution did, as a summary or as the REST interface shows it."""
    from app.runtime import open_runtime
    from app.services import executions, owners

    async def read() -> dict[str, Any]:
        async with open_runtime(settings, drives="nothing") as rt:
            owner = await owners.find_owner_of_execution(rt, execution_id)
            return await executions.describe(rt, await executions.get_execution(rt, owner, execution_id))

    described = asyncio.run(read())
    print(json.dumps(described, ensure_ascii=False, indent=2, default=_as_text) if as_json else _summarize(described))


def retry_execution(
    settings: Settings, *, execution_id: str, begin: str, definition: Literal["original", "current"]
) -> None:
    """Retry an execution and print the new one's id; the server drives it."""
    from app.runtime import open_runtime
    from app.services import owners, retrying

    async def retry() -> str:
        async with open_runtime(settings, drives="nothing") as rt:
            owner = await owners.find_owner_of_execution(rt, execution_id)
            new = await retrying.retry_execution(rt, owner, execution_id, begin=begin, definition=definition)
            return new.id

    print(asyncio.run(retry()))


def cancel_execution(settings: Settings, *, execution_id: str) -> None:
    """Have an execution end, and say what has become of it."""
    from app.runtime import open_runtime
    from app.services import control, owners
    from engine.events import ENDED

    async def cancel() -> str:
        async with open_runtime(settings, drives="nothing") as rt:
            owner = await owners.find_owner_of_execution(rt, execution_id)
            await control.cancel_execution(rt, owner, execution_id)
            return (await control.cancel_execution(rt, owner, execution_id)).status  # the server needs a moment to hear

    status = asyncio.run(cancel())
    print(status if status in ENDED else f"{status}: it ends as soon as Treadle runs")


def _summarize(described: Mapping[str, Any]) -> str:
    shown = {
        "workflow": f"{described['workflow_name']} ({described['workflow_id']})",
        "status": described["status"],
        "trigger": described["trigger"],
        "retry of": described["retry_of"],
        "started": described["started_at"],
        "ended": described["completed_at"],
        "error": (described["error"] or {}).get("message"),
    }
    lines = [f"{name:{WIDTH}} {value}" for name, value in shown.items() if value is not None]
    nodes = [f"  {node['status']:{WIDTH}} {id_}" for id_, node in described["nodes"].items()]
    return "\n".join([described["id"], *lines, "nodes", *nodes])


def _as_text(moment: Any) -> str:
    return str(moment.isoformat().replace("+00:00", "Z"))
