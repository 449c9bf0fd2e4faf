"""What each command does: thin, through the same services as pages and routes."""

import asyncio
import gc
import getpass
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.errors import StartError
from app.settings import Settings

Command = Callable[..., None]


def serve(settings: Settings) -> None:
    """Start everything, after building the pages where they are missing or out of date."""
    gc.disable()  # looking through what imports have made takes a third of the start; the server enables it
    from app import frontend, preflight, server

    preflight.check_before_start(settings)
    if not frontend.is_built():
        build(settings)
    server.serve(settings)


def build(_: Settings) -> None:
    """Build the pages."""
    from app import frontend

    print("Building the pages; this takes some seconds.", flush=True)
    frontend.build()


def migrate(settings: Settings) -> None:
    """Bring the database up to date."""
    from app import preflight

    preflight.check_data_folder(settings)
    preflight.check_database(settings)
    print("The database is up to date.")


def back_up(settings: Settings, *, target: Path, with_key: bool) -> None:
    """Write a backup and say what is in it and how to restore it."""
    from datetime import UTC, datetime

    from app import backup

    made = backup.make_backup(settings, target, now=datetime.now(UTC), with_key=with_key)
    print(backup.describe(made, settings))


def doctor(settings: Settings) -> None:
    """Show the settings and what is in order; exit with 1 when something isn't."""
    from app import doctor

    sys.exit(0 if doctor.examine(settings) else 1)


def create_user(settings: Settings, *, email: str, name: str) -> None:
    """Add a user."""
    from app.runtime import open_runtime
    from app.services import accounts

    async def create() -> None:
        async with open_runtime(settings, drives="nothing") as rt:
            user = await accounts.create_user(rt, email=email, password=password, name=name)
        print(f"{user.email} can sign in{' and is the administrator' if user.is_admin else ''}.")

    password = _read_password()
    asyncio.run(create())


def reset_password(settings: Settings, *, email: str) -> None:
    """Give a user a new password."""
    from app.runtime import open_runtime
    from app.services import accounts

    async def reset() -> None:
        async with open_runtime(settings, drives="nothing") as rt:
            user = await accounts.reset_password(rt, email=email, password=password)
        print(f"{user.email} has a new password and is signed out everywhere.")

    password = _read_password()
    asyncio.run(reset())


def run_workflow(settings: Settings, *, workflow_id: str, input_file: Path | None) -> None:
    """Run a workflow in its owner's name; print its result, or the reason of its failure on standard error."""
    from app.runtime import open_runtime
    from app.services import large, owners, starting
    from engine.events import ENDED

    async def run() -> tuple[Any, Any]:
        async with open_runtime(settings, drives="own") as rt:
            owner = await owners.find_owner(rt, workflow_id)
            execution = await starting.start_execution(rt, owner, workflow_id, input=input_)
            while execution.status not in ENDED:  # a server that is running drives it instead of us
                execution = await starting.wait_for(rt, owner, execution.id, 1)
            return execution, await large.read_result(rt, execution)

    input_ = _read_json(input_file)
    execution, result = asyncio.run(run())
    if execution.status != "succeeded":
        sys.exit(f"treadle: {execution.id} {execution.status}: {_reason(execution.error)}")
    print(json.dumps(result, ensure_ascii=False, indent=2))


def import_workflow(settings: Settings, *, file: Path, owner: str | None) -> None:
    """Add a workflow from a file, the administrator's unless it is said whose; print its id."""
    from app.runtime import open_runtime
    from app.services import owners, workflows

    async def add() -> str:
        async with open_runtime(settings, drives="nothing") as rt:
            user = await (owners.find_user(rt, owner) if owner else owners.find_administrator(rt))
            return (await workflows.create_workflow(rt, user, definition)).id

    definition = _read_json(file)
    print(asyncio.run(add()))


def export_workflow(settings: Settings, *, workflow_id: str) -> None:
    """Print a workflow's definition, which `import` takes; no credentials are in it."""
    from app.runtime import open_runtime
    from app.services import drafts, owners, workflows

    async def read() -> dict[str, Any]:
        async with open_runtime(settings, drives="nothing") as rt:
            owner = await owners.find_owner(rt, workflow_id)
            return drafts.definition_of(await workflows.get_workflow(rt, owner, workflow_id))

    print(json.dumps(asyncio.run(read()), ensure_ascii=False, indent=2))


def _reason(error: Any) -> str:
    return str(error.get("message", error)) if isinstance(error, dict) else str(error)


def _read_password() -> str:
    return getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")


def _read_json(file: Path | None) -> Any:
    if file is None:
        return {}
    try:
        return json.loads(sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise StartError(f"{file} is not a readable JSON file: {error}.") from error
