"""How each node of an execution fared: a fold of its log."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from engine.events import ENDED, RETRY_AT, Status


@dataclass(frozen=True, kw_only=True, slots=True)
class NodeSummary:
    """How a node of an execution fared over all its attempts."""

    status: Status
    attempts: int
    started_at: datetime | None
    completed_at: datetime | None
    handles: tuple[str, ...] | None = None

    @property
    def duration_ms(self) -> int | None:
        if self.started_at is None or self.completed_at is None:
            return None
        return round((self.completed_at - self.started_at).total_seconds() * 1000)


Row = tuple[str | None, Status, int, datetime, Sequence[str] | None, Mapping[str, Any] | None]


def summarize(rows: Iterable[Row]) -> dict[str, NodeSummary]:
    """Fold (node, status, attempt, moment, handles, error) in the order of the log to what has become of each node.

    A node that failed and will be tried again is `waiting`, unless the execution ends before.
    """
    nodes: dict[str, NodeSummary] = {}
    retried: dict[str, NodeSummary] = {}
    for id_, status, attempt, at, handles, error in rows:
        if id_ is None:
            nodes |= retried if status in ENDED else {}
            continue
        known = nodes.get(id_) or NodeSummary(
            status=status, attempts=0, started_at=None if status == "skipped" else at, completed_at=None
        )
        node = replace(
            known,
            status=status,
            attempts=max(known.attempts, attempt),
            completed_at=at if status in ENDED else None,
            handles=None if handles is None else tuple(handles),
        )
        retried.pop(id_, None)
        if error and RETRY_AT in error:
            retried[id_] = node
            node = replace(node, status="waiting", completed_at=None)
        nodes[id_] = node
    return nodes
