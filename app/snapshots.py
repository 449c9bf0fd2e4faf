"""Drafts as they are run: the definition of one revision, and what keeps it from running."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from app.models import Workflow, definition_of
from engine.graph import find_problems
from engine.sdk import Step

KEPT = 100  # workflows
MAX_NODES = 200  # of one that is kept


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A revision; nobody changes what it holds."""

    workflow_id: str
    rev: int
    name: str
    definition: dict[str, Any]
    problems: list[dict[str, Any]]


class Snapshots:
    """Remembers those that were started last, so that the same draft isn't read and checked again and again."""

    def __init__(self, steps: Mapping[str, Step]) -> None:
        self._steps = steps
        self._known: dict[str, Snapshot] = {}

    def find(self, workflow_id: str, rev: int) -> Snapshot | None:
        """Return a revision that is remembered."""
        known = self._known.get(workflow_id)
        return known if known and known.rev == rev else None

    async def take(self, workflow: Workflow) -> Snapshot:
        """Return a workflow's draft as it is; a large one is checked where nobody else waits for it."""
        if known := self.find(workflow.id, workflow.rev):
            return known
        definition = definition_of(workflow)
        found = await asyncio.to_thread(find_problems, definition, self._steps)
        snapshot = Snapshot(
            workflow_id=workflow.id,
            rev=workflow.rev,
            name=workflow.name,
            definition=definition,
            problems=[asdict(problem) for problem in found],
        )
        if len(workflow.nodes) <= MAX_NODES:
            self._keep(snapshot)
        return snapshot

    def _keep(self, snapshot: Snapshot) -> None:
        self._known.pop(snapshot.workflow_id, None)
        self._known[snapshot.workflow_id] = snapshot
        while len(self._known) > KEPT:
            del self._known[next(iter(self._known))]
