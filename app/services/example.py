"""The workflow that a new user finds: it runs without any account or key."""

import json
from pathlib import Path
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from app.models import User, Workflow
from app.services.workflows import add_workflow

FILE = Path(__file__).parents[1] / "examples" / "weekly_orders.json"


async def add_example(session: AsyncSession, user: User) -> Workflow:
    """Give the user a copy of their own."""
    return await add_workflow(session, user, read_example())


def read_example() -> dict[str, Any]:
    """The example's definition; it reads `/examples/orders.json`, which Treadle serves itself."""
    definition: dict[str, Any] = json.loads(FILE.read_text("utf-8"))
    return definition
