"""What becomes of one node of an execution, over all its attempts and iterations."""

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from engine.events import Event, Iteration, Status

LATEST = 5  # rows: enough for what an attempt got and gave


@dataclass(frozen=True, kw_only=True, slots=True)
class Rounds:
    """How many rounds of a loop are done, failed or were cancelled; `total` is None where a condition ends it."""

    done: int = 0
    failed: int = 0
    cancelled: int = 0
    total: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class NodeSummary:
    """How a node of an execution fared over all its attempts, and in a loop over all iterations that came to it.

    `ways` are the handles at which edges were taken, None while that isn't decided; `iterations` counts those of a
    node in a loop by status, with `total`; `rounds` are those of a loop.
    `rows` counts those of its log; `latest` has the numbers of the last of them, or of what waits longest or failed.
    """

    status: Status
    attempts: int
    started_at: datetime | None
    completed_at: datetime | None
    handles: tuple[str, ...] | None = None
    ways: frozenset[str | None] | None = None
    iterations: Mapping[str, int] | None = None
    rounds: Rounds | None = None
    rows: int = 0
    latest: tuple[int, ...] = ()

    @property
    def duration_ms(self) -> int | None:
        if self.started_at is None or self.completed_at is None:
            return None
        return round((self.completed_at - self.started_at).total_seconds() * 1000)


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """What an event says of how things go, as it is read from the log."""

    seq: int
    node_id: str | None
    iteration: Iteration
    status: Status
    attempt: int
    timestamp: datetime
    handles: Sequence[str] | None = None
    error: Mapping[str, Any] | None = None
    effect: Mapping[str, Any] | None = None


Said = Row | Event


@dataclass(slots=True)
class Fate:
    """One node while it is folded: `open` has its iterations that have not ended, and `failed` those of them that are
    to be tried again; `rounds` counts a loop's own by how they ended, up to `total` where it has no other end."""

    attempts: int = 0
    started_at: datetime | None = None
    completed_at: datetime | None = None
    handles: tuple[str, ...] | None = None
    ways: set[str | None] = field(default_factory=set)
    is_decided: bool = False
    open: dict[Iteration, Status] = field(default_factory=dict)
    failed: dict[Iteration, Said] = field(default_factory=dict)
    ended: Counter[Status] = field(default_factory=Counter)
    stopped: tuple[int, ...] = ()  # the rows of the first attempt that failed and isn't handled
    rounds: Counter[Status] = field(default_factory=Counter)
    total: int | None = None
    has_end: bool = True
    rows: int = 0
    latest: deque[int] = field(default_factory=lambda: deque(maxlen=LATEST))
    begun: dict[Iteration, int] = field(default_factory=dict)  # the row with which the attempt of each began
    waiting: dict[Iteration, tuple[int, ...]] = field(default_factory=dict)  # the rows of the attempt that waits

    def note(self, row: Said, status: Status) -> None:
        self.attempts = max(self.attempts, row.attempt if status != "skipped" else 0)
        self.started_at = self.started_at or (None if status == "skipped" else row.timestamp)
        self.handles = None if row.handles is None else tuple(row.handles)
        self.failed.pop(row.iteration, None)
        if status == "waiting" and row.error:
            self.failed[row.iteration] = row
        self.open[row.iteration] = status
        self.rows += 1
        self.latest.append(row.seq)
        self.waiting.pop(row.iteration, None)
        if status == "running":
            self.begun[row.iteration] = row.seq
        if status == "waiting":
            self.waiting[row.iteration] = self._attempt(row)

    def end(self, row: Said, *, is_handled: bool) -> None:
        attempt = self._attempt(row)
        for held in (self.open, self.failed, self.waiting, self.begun):
            held.pop(row.iteration, None)
        self.ended[row.status] += 1
        self.completed_at = row.timestamp
        if row.status == "failed" and not is_handled:
            self.stopped = self.stopped or attempt
        elif row.status != "cancelled":
            self.is_decided = True
            self.ways.update(row.handles or (None,) if row.status != "skipped" else ())

    def summary(self, *, is_in_loop: bool) -> NodeSummary:
        return NodeSummary(
            status=self._status(),
            attempts=self.attempts,
            started_at=self.started_at,
            completed_at=None if self.open else self.completed_at,
            handles=self.handles,
            ways=frozenset(self.ways) if self.is_decided else None,
            iterations=self._iterations() if is_in_loop else None,
            rounds=self._rounds(),
            rows=self.rows,
            latest=self._to_show(is_in_loop=is_in_loop),
        )

    def _attempt(self, row: Said) -> tuple[int, ...]:
        began = self.begun.get(row.iteration)
        return (row.seq,) if began is None else (began, row.seq)

    def _to_show(self, *, is_in_loop: bool) -> tuple[int, ...]:
        if self.waiting:
            return next(iter(self.waiting.values()))
        if self.stopped and is_in_loop and not self.open:
            return self.stopped
        return tuple(self.latest)

    def _status(self) -> Status:
        for status in ("running", "waiting"):
            if status in self.open.values():
                return status
        if self.stopped:
            return "failed"
        return next(status for status in ("cancelled", "succeeded", "failed", "skipped") if self.ended[status])

    def _rounds(self) -> Rounds | None:
        if self.total is None:
            return None
        return Rounds(
            done=self.rounds["succeeded"],
            failed=self.rounds["failed"],
            cancelled=self.rounds["cancelled"],
            total=self.total if self.has_end else None,
        )

    def _iterations(self) -> dict[str, int]:
        counts = self.ended + Counter(self.open.values())
        return {"total": counts.total(), **{str(status): count for status, count in counts.items()}}
