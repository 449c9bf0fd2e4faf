"""What is tidied up each hour while the server runs."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from app.runtime import Runtime
from app.services import accounts, retention

AN_HOUR = 3600.0  # seconds
DUTIES: dict[str, Callable[[Runtime], Awaitable[object]]] = {
    "Expired sessions": accounts.remove_expired_sessions,
    "Old executions": retention.remove_old_executions,
    "Large values of no execution": retention.remove_orphaned_values,
}
log = logging.getLogger(__name__)


async def keep_tidy(rt: Runtime) -> None:
    """Remove what nobody needs any more, now and each hour, until cancelled."""
    while True:
        await tidy(rt)
        await asyncio.sleep(AN_HOUR)


async def tidy(rt: Runtime) -> None:
    """Do each duty, whatever becomes of the others."""
    for what, remove in DUTIES.items():
        try:
            await remove(rt)
        except Exception:
            log.exception("%s could not be removed", what)
