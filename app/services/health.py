"""Can Treadle work?"""

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.errors import AppError
from app.migrations import HEAD
from app.runtime import Runtime


class NotReady(AppError):
    """The database does not answer, or its tables are another version's."""

    code, status = "internal", 503


async def check_ready(rt: Runtime) -> None:
    """Raise NotReady unless the database answers and its tables are ours."""
    try:
        async with rt.database.read() as session:
            revision = await session.scalar(text("SELECT version_num FROM alembic_version"))
    except (SQLAlchemyError, OSError) as error:
        raise NotReady("The database does not answer. Check DATABASE_URL and the server's log.") from error
    if revision != HEAD:
        raise NotReady("The database's tables are not up to date. Restart Treadle to upgrade them.")
