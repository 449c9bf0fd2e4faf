"""How each node of an execution fared: a fold of its log."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from engine.events import Status


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


def summarize(rows: Iterable[tuple[str, Status, int, datetime, Sequence[str] | None]]) -> dict[str, NodeSummary]:
    """Fold (node, status, attempt, moment, handles) in the order of the log to what has become of each node."""
    nodes: dict[str, NodeSummary] = {}
    attempts: dict[str, int] = defaultdict(int)
    for id_, status, attempt, at, handles in rows:
        attempts[id_] = max(attempts[id_], attempt)
        known = nodes.get(id_) or NodeSummary(
            status=status, attempts=0, started_at=None if status == "skipped" else at, completed_at=None
        )
        ended_at = None if status in ("running", "waiting") else at
        taken = None if handles is None else tuple(handles)
        nodes[id_] = replace(known, status=status, attempts=attempts[id_], completed_at=ended_at, handles=taken)
    return nodes
