"""What must be in order before the server starts; each problem is one line that says what to set."""

import asyncio
import errno
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from app.errors import StartError
from app.settings import Settings


def check_before_start(settings: Settings) -> None:
    """Raise StartError when the port, the data folder or the database cannot be used, or another process drives it."""
    check_port(settings)
    check_data_folder(settings)
    check_driver(settings)
    check_database(settings)


def check_data_folder(settings: Settings) -> None:
    """Make the data folder, private to this user."""
    try:
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        is_writable = os.access(settings.data, os.W_OK | os.X_OK)
    except OSError:
        is_writable = False
    if not is_writable:
        raise StartError(f"{settings.data} cannot be written. Set TREADLE_DATA to a folder that you may write to.")


def check_port(settings: Settings) -> None:
    """Try the port ourselves, since the server would share it with another of its kind without a word."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except (OSError, OverflowError) as error:
            raise StartError(_explain(error, f"{settings.host}:{settings.port}")) from error


def check_driver(settings: Settings) -> None:
    """See that no other process drives the database's executions, before we bring it up to date under its feet."""
    from app.driver_lock import hold_driver_lock

    async def look() -> None:
        async with hold_driver_lock(settings):
            pass

    with _database_errors():
        asyncio.run(look())


def check_database(settings: Settings) -> None:
    """Bring the database up to date."""
    from app.migrations import migrate

    with _database_errors():
        asyncio.run(migrate(settings))


@contextmanager
def _database_errors() -> Iterator[None]:
    from sqlalchemy.exc import DBAPIError, SQLAlchemyError

    try:
        yield
    except ValueError as error:  # it names DATABASE_URL
        raise StartError(str(error)) from error
    except (SQLAlchemyError, OSError) as error:
        reason = str(error.orig if isinstance(error, DBAPIError) else error).partition("\n")[0]
        raise StartError(f"The database cannot be used ({reason}). Check DATABASE_URL.") from error


def _explain(error: Exception, address: str) -> str:
    match getattr(error, "errno", None):
        case errno.EADDRINUSE:
            return f"Something else is listening on {address}. Stop it, or set TREADLE_PORT to a free port."
        case errno.EACCES:
            return f"This user may not listen on {address}. Set TREADLE_PORT to a port above 1023."
        case _:
            return f"Treadle cannot listen on {address} ({error}). Mend TREADLE_HOST or TREADLE_PORT."
