"""What is tidied up once a day while the server runs."""

import asyncio
import logging

from app.runtime import Runtime
from app.services import accounts

A_DAY = 24 * 3600.0  # seconds
log = logging.getLogger(__name__)


async def keep_tidy(rt: Runtime) -> None:
    """Remove what nobody needs any more, now and each day, until cancelled."""
    while True:
        try:
            await accounts.remove_expired_sessions(rt)
        except Exception:
            log.exception("Expired sessions could not be removed")
        await asyncio.sleep(A_DAY)
