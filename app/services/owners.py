"""In whose name a command acts."""

from sqlmodel import col, select

from app.errors import NotFound
from app.models import User, Workflow
from app.runtime import Runtime
from app.services.emails import normalize_email
from app.services.rights import MISSING, NO_EXECUTION
from engine.models import Execution


async def find_owner(rt: Runtime, workflow_id: str) -> User:
    """The user who made the workflow; raise NotFound."""
    query = select(User).join(Workflow).where(Workflow.id == workflow_id)
    async with rt.database.read() as session:
        if (owner := (await session.exec(query)).first()) is None:
            raise NotFound(MISSING)
    return owner


async def find_owner_of_execution(rt: Runtime, execution_id: str) -> User:
    """The user who made the workflow of an execution; raise NotFound."""
    query = select(User).join(Workflow).join(Execution, Execution.workflow_id == Workflow.id)  # type: ignore[arg-type]
    async with rt.database.read() as session:
        if (owner := (await session.exec(query.where(Execution.id == execution_id))).first()) is None:
            raise NotFound(NO_EXECUTION)
    return owner


async def find_administrator(rt: Runtime) -> User:
    """The first user, who is the administrator; raise NotFound."""
    query = select(User).where(col(User.is_admin)).order_by(User.id)
    async with rt.database.read() as session:
        if (user := (await session.exec(query)).first()) is None:
            raise NotFound("There is no user yet: create one with treadle user create.")
    return user


async def find_user(rt: Runtime, email: str) -> User:
    """The user of an e-mail address; raise NotFound."""
    query = select(User).where(User.email_key == normalize_email(email))
    async with rt.database.read() as session:
        if (user := (await session.exec(query)).first()) is None:
            raise NotFound(f"There is no user {email}.")
    return user
