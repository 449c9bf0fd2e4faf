"""Whose workflow it is, for commands that act in the owner's name."""

from sqlmodel import select

from app.errors import NotFound
from app.models import User, Workflow
from app.runtime import Runtime
from app.services.rights import MISSING


async def find_owner(rt: Runtime, workflow_id: str) -> User:
    """The user who made the workflow; raise NotFound."""
    query = select(User).join(Workflow).where(Workflow.id == workflow_id)
    async with rt.database.read() as session:
        if (owner := (await session.exec(query)).first()) is None:
            raise NotFound(MISSING)
    return owner
