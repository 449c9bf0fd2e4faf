"""Who drives which execution: a claim is a lease, and whoever is let go of wakes again."""

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import and_, case, func, or_, update
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from engine.events import OPEN
from engine.models import Execution
from engine.transactions import Transactions


class Claims:
    """All SQL about it."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def claim(
        self, by: str, *, now: datetime, until: datetime, limit: int, only: Collection[str] | None = None
    ) -> list[str]:
        """Take up to `limit` executions (of `only` these) that have something to do and that nobody holds.

        The most urgent come first, then the oldest; return their ids.
        """
        is_free = or_(col(Execution.claimed_until).is_(None), col(Execution.claimed_until) < now)
        free = (
            select(Execution.id)
            .where(is_free, or_(_is_next(), col(Execution.status) == "running", _is_awake(now)))
            .order_by(col(Execution.priority), col(Execution.id))
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        if only is not None:
            free = free.where(col(Execution.id).in_(only))
        query = (
            update(Execution)
            .where(col(Execution.id).in_(free))
            .values(claimed_by=by, claimed_until=until, is_woken=False)
            .returning(col(Execution.id))
        )
        async with self._transactions.write() as session:
            return sorted((await (await session.connection()).execute(query)).scalars())

    async def find_woken(self, by: str) -> Sequence[str]:
        """Return of what one process drives that for which something has come since it was claimed."""
        query = select(Execution.id).where(Execution.claimed_by == by, col(Execution.is_woken))
        async with self._transactions.read() as session:
            return (await session.exec(query)).all()

    async def next_due(self) -> datetime | None:
        """Return when the next of the executions that wait wakes."""
        query = select(func.min(Execution.resume_at)).where(Execution.status == "waiting")
        async with self._transactions.read() as session:
            return (await session.exec(query)).one()

    async def renew(self, by: str, execution_ids: Sequence[str], *, until: datetime) -> set[str]:
        """Keep what one process drives; return the ids of what it still holds.

        What the journal is just writing has its turn the next time: waiting for it could be a deadlock.
        """
        mine = (col(Execution.claimed_by) == by) & col(Execution.id).in_(execution_ids)
        held = select(Execution.id).where(mine, col(Execution.status).in_(OPEN))
        unlocked = held.with_for_update(skip_locked=True)
        async with self._transactions.write() as session:
            ids = set((await session.exec(held)).all())
            await session.exec(update(Execution).where(col(Execution.id).in_(unlocked)).values(claimed_until=until))
        return ids

    async def release(self, by: str) -> None:
        """Give back all that one process holds."""
        await self._release(col(Execution.claimed_by) == by)

    async def release_all(self) -> None:
        """Give back all claims, since no other process lives that could hold one."""
        await self._release(col(Execution.claimed_by).is_not(None))

    async def _release(self, condition: Any) -> None:
        """What it had been claimed for may not have been taken yet, so it wakes again."""
        released = update(Execution).where(condition, col(Execution.status).in_(OPEN))
        async with self._transactions.write() as session:
            await session.exec(released.values(claimed_by=None, claimed_until=None, is_woken=True))


@cache  # to make it takes longer than to ask it
def _is_next() -> Any:
    """It has yet to start, and its workflow may run one more."""
    has_turn = or_(
        col(Execution.max_running).is_(None),
        col(Execution.cancel_requested_at).is_not(None),
        col(Execution.id).in_(_find_turns()),
    )
    return and_(col(Execution.status) == "pending", has_turn)


def _find_turns() -> Any:
    """The executions before which fewer of their workflow are than may run at a time, counted once for all.

    Those that have started come first, whatever their ids: two that are made in the same moment come in any order.
    """
    queued, open_ = aliased(Execution), aliased(Execution)
    limited = select(queued.workflow_id).where(queued.status == "pending", col(queued.max_running).is_not(None))
    is_new = and_(col(open_.status) == "pending", col(open_.claimed_by).is_(None))
    order = (case((is_new, 1), else_=0), col(open_.id))
    place = func.row_number().over(partition_by=col(open_.workflow_id), order_by=order)
    ranked = (
        select(open_.id, open_.max_running, place.label("place"))
        .where(col(open_.workflow_id).in_(limited), col(open_.completed_at).is_(None))  # an index has these
        .subquery()
    )
    return select(ranked.c.id).where(ranked.c.place <= ranked.c.max_running)


def _is_awake(now: datetime) -> Any:
    """Its time has come, something has, or it was claimed for that and has not been let go since."""
    has_reason = or_(col(Execution.resume_at) <= now, col(Execution.is_woken), col(Execution.claimed_by).is_not(None))
    return and_(col(Execution.status) == "waiting", has_reason)
