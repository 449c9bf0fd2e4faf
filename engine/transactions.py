"""How the engine gets at the database."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from sqlmodel.ext.asyncio.session import AsyncSession

from engine.log_writer import Change


class Transactions(Protocol):
    """Gives sessions on the database; `write` commits at its end and rolls back on an exception.

    `write_batch` runs statements, each with its rows, in one transaction, faster than a session can.
    """

    def read(self) -> AbstractAsyncContextManager[AsyncSession]: ...

    def write(self) -> AbstractAsyncContextManager[AsyncSession]: ...

    async def write_batch(self, batch: Sequence[Change]) -> None: ...
