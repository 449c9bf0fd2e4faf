"""What has changed in a workflow, and who wants to hear of it."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakValueDictionary

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Change:
    """A saved change: `ops` as they were applied; None when the document was replaced and must be read anew.

    `rejected` is `[{"op", "reason"}]`; `problems` is what `find_problems` says now; `by` is a user's id.
    """

    workflow_id: str
    rev: int
    by: str
    ops: list[dict[str, Any]] | None
    rejected: list[dict[str, Any]] = field(default_factory=list)
    problems: list[dict[str, Any]] = field(default_factory=list)


Listener = Callable[[Change], None]


class Changes:
    """Tells every listener of each change after it is on disk; a listener's failure is its own."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def turn(self, workflow_id: str) -> asyncio.Lock:
        """Held from before a change is saved until it is published, so that changes are heard in their order."""
        return self._turns.setdefault(workflow_id, asyncio.Lock())

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with every change from now on; returns how to stop."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def publish(self, change: Change) -> None:
        for listener in tuple(self._listeners):
            try:
                listener(change)
            except Exception:
                logger.exception("A listener failed on a change of %s", change.workflow_id)
