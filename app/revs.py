"""The newest revisions of workflows, and who may do what with them; what is asked together is read at once."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import and_, col, select

from app.db import Database
from app.models import Membership, Workflow
from app.together import Together

Question = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Rev:
    """A workflow's revision, and the role in its workspace of the person who asks; None is a stranger's."""

    rev: int
    role: str | None


class Revs:
    """Reads neither nodes nor edges, which may be large."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._questions: Together[Question, Rev | None] = Together(self._read)

    async def find(self, user_id: str, workflow_id: str) -> Rev | None:
        """Return it as it is now; None if there is no such workflow, or it was deleted."""
        return await self._questions.ask((user_id, workflow_id))

    async def close(self) -> None:
        """Read what was asked for so far."""
        await self._questions.close()

    async def _read(self, questions: Sequence[Question]) -> Sequence[Rev | None]:
        users, ids = ({question[place] for question in questions} for place in (0, 1))
        is_theirs = and_(
            col(Membership.workspace_id) == col(Workflow.workspace_id), col(Membership.user_id).in_(sorted(users))
        )
        query = (
            select(Workflow.id, Workflow.rev, Membership.user_id, Membership.role)
            .outerjoin(Membership, is_theirs)
            .where(col(Workflow.id).in_(sorted(ids)), col(Workflow.deleted_at).is_(None))
        )
        async with self._database.read() as session:
            rows = (await session.exec(query)).all()
        revs = {id_: rev for id_, rev, _, _ in rows}
        roles = {(user_id, id_): role for id_, _, user_id, role in rows}
        return [Rev(revs[id_], roles.get((user_id, id_))) if id_ in revs else None for user_id, id_ in questions]
