"""The time, so that tests can hold it."""

import asyncio
from datetime import datetime
from typing import Protocol

from engine.models import utc_now


class Clock(Protocol):
    """What tells the time and lets it pass."""

    def now(self) -> datetime: ...

    async def sleep_until(self, at: datetime) -> None: ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        return utc_now()

    async def sleep_until(self, at: datetime) -> None:
        await asyncio.sleep(max(0.0, (at - utc_now()).total_seconds()))
