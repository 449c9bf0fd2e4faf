"""How each node of an execution fared: a fold of its log that can go on whenever there is more of it."""

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from engine.events import ENDED, RETRY_AT, Event, Iteration, Status
from engine.group_problems import find_ancestors, parents_of

LATEST = 5  # rows: enough for what an attempt got and gave


@dataclass(frozen=True, kw_only=True, slots=True)
class NodeSummary:
    """How a node of an execution fared over all its attempts, and in a loop over all iterations that came to it.

    `ways` are the handles at which edges were taken, None while that isn't decided; `iterations` counts those of a
    node in a loop by status, with `total`; `rounds` says of a loop how many of its own are done, and of how many.
    `rows` counts those of its log, and `latest` has the numbers of the last of them, or what has waited the longest.
    """

    status: Status
    attempts: int
    started_at: datetime | None
    completed_at: datetime | None
    handles: tuple[str, ...] | None = None
    ways: frozenset[str | None] | None = None
    iterations: Mapping[str, int] | None = None
    rounds: tuple[int, int | None] | None = None
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


class Summary:
    """The log of an execution folded up to the row `seq`; it takes each row once, however often it comes."""

    def __init__(self, definition: Mapping[str, Any]) -> None:
        self.seq = 0
        nodes = definition["nodes"]
        self._parents = parents_of(nodes)
        self._sizes = Counter(self._parents.values())
        self._handled = {node["id"] for node in nodes if (node["data"].get("on_error") or "stop") != "stop"}
        self._inside: defaultdict[str, list[str]] = defaultdict(list)  # by loop, and those in the loops in it, too
        for id_ in self._parents:
            for loop in find_ancestors(id_, self._parents):
                self._inside[loop].append(id_)
        self._fates: dict[str, _Fate] = {}
        self._ended: Counter[tuple[str, Iteration]] = Counter()  # nodes, by the iteration of a loop that they are in

    def add(self, row: Said) -> None:
        """Fold the next row. A node that failed and will be tried again waits, unless what is around it ends before."""
        if row.seq <= self.seq:
            return
        self.seq = row.seq
        if row.node_id is None:
            if row.status in ENDED:
                self._give_up(self._fates, ())
            return
        fate = self._fates.setdefault(row.node_id, _Fate())
        if row.effect and "loop" in row.effect:
            self._begin_loop(row.node_id, row, fate, row.effect["loop"])
        is_retried = bool(row.error and RETRY_AT in row.error)
        fate.note(row, "waiting" if is_retried else row.status)
        if row.status in ENDED and not is_retried:
            self._end(row, row.node_id, fate)

    def nodes(self) -> dict[str, NodeSummary]:
        """Say what has become of each node so far, by id."""
        return {id_: fate.summary(is_in_loop=bool(self._parents.get(id_))) for id_, fate in self._fates.items()}

    def _end(self, row: Said, id_: str, fate: "_Fate") -> None:
        fate.end(row, is_handled=id_ in self._handled)
        if fate.total is not None:
            self._give_up(self._inside[id_], row.iteration)
            for key in [key for key in self._ended if key[0] == id_ and key[1][:-1] == row.iteration]:
                del self._ended[key]  # those that a failure left undone
        if loop := self._parents.get(id_):
            self._count(loop, row.iteration)

    def _count(self, loop: str, iteration: Iteration) -> None:
        """An iteration is done when all nodes in it have ended."""
        self._ended[loop, iteration] += 1
        if self._ended[loop, iteration] == self._sizes[loop]:
            del self._ended[loop, iteration]
            self._fates[loop].done += 1

    def _begin_loop(self, id_: str, row: Said, fate: "_Fate", said: Mapping[str, Any]) -> None:
        if row.attempt > 1 and not row.iteration:  # from the beginning, all of it
            fate.done, fate.total = 0, None
            for inner in self._inside[id_]:
                self._fates.pop(inner, None)
        fate.total = (fate.total or 0) + said["count"]
        fate.has_end = "until" not in said

    def _give_up(self, ids: Iterable[str], around: Iteration) -> None:
        """What was to be tried again in something that has ended has failed for good."""
        for fate in (self._fates[id_] for id_ in ids if id_ in self._fates):
            for iteration in [known for known in fate.failed if known[: len(around)] == around]:
                fate.end(fate.failed[iteration], is_handled=False)


@dataclass(slots=True)
class _Fate:
    """One node while it is folded: `open` has its iterations that have not ended, and `failed` those of them that are
    to be tried again; `done` and `total` count a loop's own iterations, up to `total` where it has no other end."""

    attempts: int = 0
    started_at: datetime | None = None
    completed_at: datetime | None = None
    handles: tuple[str, ...] | None = None
    ways: set[str | None] = field(default_factory=set)
    is_decided: bool = False
    open: dict[Iteration, Status] = field(default_factory=dict)
    failed: dict[Iteration, Said] = field(default_factory=dict)
    ended: Counter[Status] = field(default_factory=Counter)
    has_stopped: bool = False
    done: int = 0
    total: int | None = None
    has_end: bool = True
    rows: int = 0
    latest: deque[int] = field(default_factory=lambda: deque(maxlen=LATEST))
    waiting: dict[Iteration, int] = field(default_factory=dict)  # the row since which each waits

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
        if status == "waiting":
            self.waiting[row.iteration] = row.seq

    def end(self, row: Said, *, is_handled: bool) -> None:
        self.open.pop(row.iteration, None)
        self.failed.pop(row.iteration, None)
        self.waiting.pop(row.iteration, None)
        self.ended[row.status] += 1
        self.completed_at = row.timestamp
        if row.status == "failed" and not is_handled:
            self.has_stopped = True
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
            rounds=None if self.total is None else (self.done, self.total if self.has_end else None),
            rows=self.rows,
            latest=tuple(self.waiting.values())[:1] or tuple(self.latest),
        )

    def _status(self) -> Status:
        for status in ("running", "waiting"):
            if status in self.open.values():
                return status
        if self.has_stopped:
            return "failed"
        return next(status for status in ("cancelled", "succeeded", "failed", "skipped") if self.ended[status])

    def _iterations(self) -> dict[str, int]:
        counts = self.ended + Counter(self.open.values())
        return {"total": counts.total(), **{str(status): count for status, count in counts.items()}}
