"""Can Treadle work?"""

from sqlalchemy import text
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.errors import Unavailable
from app.migrations import HEAD
from app.runtime import Runtime

OUTAGES = (OperationalError, InterfaceError, PoolTimeout)  # what whatever asks the database raises while it is away
NO_DATABASE = "The database does not answer. Check DATABASE_URL and the server's log."


async def check_ready(rt: Runtime) -> None:
    """Raise Unavailable unless the database answers and its tables are ours."""
    try:
        async with rt.database.read() as session:
            revision = await session.scalar(text("SELECT version_num FROM alembic_version"))
    except (SQLAlchemyError, OSError) as error:
        raise Unavailable(NO_DATABASE) from error
    if revision != HEAD:
        raise Unavailable("The database's tables are not up to date. Restart Treadle to upgrade them.")
