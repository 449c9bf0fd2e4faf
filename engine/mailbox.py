"""What comes for executions from outside while they run or wait: cancellations, answers, the ends of children.

It is kept in the database until its execution takes it. Whatever comes marks the execution as woken in the same
transaction, so that whoever drives it next looks here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, update
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from engine.effects import hash_token
from engine.events import ENDED, OPEN
from engine.models import Execution, ExecutionWait
from engine.progress import State
from engine.sdk import Answer
from engine.stored import stored_from
from engine.transactions import Transactions

DEADLOCK = "40P01"  # https://www.postgresql.org/docs/current/errcodes-appendix.html


@dataclass(frozen=True, kw_only=True, slots=True)
class Mail:
    """What has come: a cancellation, perhaps with its reason, and answers by the number of the event that waits."""

    is_cancelled: bool = False
    reason: dict[str, Any] | None = None
    answers: dict[int, Answer] = field(default_factory=dict)


class Mailbox:
    """All SQL about it."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def read(self, execution_id: str, state: State) -> Mail:
        """Return what has come for an execution."""
        answered = select(ExecutionWait).where(
            ExecutionWait.execution_id == execution_id, col(ExecutionWait.answered_at).is_not(None)
        )
        requested = select(Execution.cancel_requested_at, Execution.error).where(Execution.id == execution_id)
        async with self._transactions.read() as session:
            answers = {wait.seq: _answer_of(wait) for wait in await session.exec(answered)}
            answers |= await _read_children(session, state)
            requested_at, reason = (await session.exec(requested)).first() or (None, None)
        return Mail(
            is_cancelled=requested_at is not None,
            reason=dict(reason) if reason else None,
            answers={seq: answer for seq, answer in answers.items() if answer},
        )

    async def request_cancel(self, execution_id: str, now: datetime) -> list[str]:
        """Ask for the end of an open execution and of its open children; return the ids of all of them."""
        while True:
            try:
                async with self._transactions.write() as session:
                    return await request_cancel(session, [execution_id], now)
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) != DEADLOCK:  # with the end of a child that wakes its parent
                    raise

    async def find_request(self, token: str) -> ExecutionWait | None:
        """Return the wait of a request's token, answered or not."""
        async with self._transactions.read() as session:
            query = select(ExecutionWait).where(ExecutionWait.token_hash == hash_token(token))
            return (await session.exec(query)).first()

    async def find_approvals(self, execution_id: str) -> Sequence[ExecutionWait]:
        """Return what an execution asks or has asked people, in order."""
        query = (
            select(ExecutionWait)
            .where(ExecutionWait.execution_id == execution_id, col(ExecutionWait.approvers).is_not(None))
            .order_by(col(ExecutionWait.seq))
        )
        async with self._transactions.read() as session:
            return (await session.exec(query)).all()

    async def answer(self, wait: ExecutionWait, value: Any, now: datetime) -> bool:
        """Give the one answer to a wait; return False if there is one already, it is too late or nobody waits."""
        open_ = select(Execution.id).where(
            Execution.id == wait.execution_id,
            col(Execution.status).in_(OPEN),
            col(Execution.cancel_requested_at).is_(None),
        )
        in_time = or_(col(ExecutionWait.expires_at).is_(None), col(ExecutionWait.expires_at) > now)
        async with self._transactions.write() as session:
            taken = await _close(session, wait, now, in_time & col(ExecutionWait.execution_id).in_(open_), value)
            if taken:
                woken = update(Execution).where(col(Execution.id) == wait.execution_id).values(is_woken=True)
                await (await session.connection()).execute(woken)
        return taken

    async def close(self, execution_id: str, seq: int, now: datetime) -> Answer | None:
        """Take no answer any more, since its time is over; return the one that has come meanwhile."""
        async with self._transactions.write() as session:
            wait = await session.get(ExecutionWait, (execution_id, seq))
            if wait is None or await _close(session, wait, now, and_(True), None):
                return None
            await session.refresh(wait)
            return _answer_of(wait)


async def request_cancel(session: AsyncSession, execution_ids: Sequence[str], now: datetime) -> list[str]:
    """Ask within the caller's transaction for the end of open executions and of their open children; return all ids."""
    asked: list[str] = []
    new = list(execution_ids)
    while new:
        asked += new
        query = (
            update(Execution)
            .where(col(Execution.id).in_(new), col(Execution.status).in_(OPEN))
            .values(cancel_requested_at=now, is_woken=True)
        )
        await (await session.connection()).execute(query)
        children = select(Execution.id).where(col(Execution.parent_id).in_(new), col(Execution.status).in_(OPEN))
        new = list(await session.exec(children))
    return asked


async def _close(session: AsyncSession, wait: ExecutionWait, now: datetime, condition: Any, value: Any) -> bool:
    query = (
        update(ExecutionWait)
        .where(
            col(ExecutionWait.execution_id) == wait.execution_id,
            col(ExecutionWait.seq) == wait.seq,
            col(ExecutionWait.answered_at).is_(None),
            condition,
        )
        .values(answer=value, answered_at=now)
    )
    return (await (await session.connection()).execute(query)).rowcount == 1


def _answer_of(wait: ExecutionWait) -> Answer | None:
    """The answer; a wait whose time was over is closed without one."""
    if wait.answered_at is None or wait.answer is None:
        return None
    return Answer(what="request" if wait.approvers is None else "approval", at=wait.answered_at, value=wait.answer)


async def _read_children(session: AsyncSession, state: State) -> dict[int, Answer | None]:
    waiting = {waits.child: waits.seq for waits in state.waiting.values() if waits.child}
    if not waiting:
        return {}
    ended = select(Execution).where(col(Execution.id).in_(waiting), col(Execution.status).in_(ENDED))
    return {
        waiting[child.id]: Answer(what="execution", at=child.completed_at or child.updated_at, value=_describe(child))
        for child in await session.exec(ended)
    }


def _describe(child: Execution) -> dict[str, Any]:
    result = stored_from(child.result_file, child.result) if child.result_file else child.result
    return {"id": child.id, "status": child.status, "result": result, "error": child.error}
