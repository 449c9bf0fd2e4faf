"""How each node of an execution fared: a fold of its log that can go on whenever there is more of it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from engine.events import ENDED, RETRY_AT, Iteration, Status
from engine.fate import Fate, NodeSummary, Said
from engine.group_problems import find_ancestors, parents_of

Round = tuple[str, Iteration]  # a loop, and which of its iterations


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
        self._fates: dict[str, Fate] = {}
        self._ended: Counter[Round] = Counter()  # nodes, by the round that they are in
        self._lost: set[Round] = set()  # those in which something failed or was cancelled

    def add(self, row: Said) -> None:
        """Fold the next row. A node that failed and will be tried again waits, unless what is around it ends before."""
        if row.seq <= self.seq:
            return
        self.seq = row.seq
        if row.node_id is None:
            if row.status in ENDED:
                self._give_up(self._fates, ())
            return
        fate = self._fates.setdefault(row.node_id, Fate())
        if row.effect and "loop" in row.effect:
            self._begin_loop(row.node_id, row, fate, row.effect["loop"])
        is_retried = bool(row.error and RETRY_AT in row.error)
        fate.note(row, "waiting" if is_retried else row.status)
        if row.status in ENDED and not is_retried:
            self._end(row, row.node_id, fate)

    def nodes(self) -> dict[str, NodeSummary]:
        """Say what has become of each node so far, by id."""
        return {id_: fate.summary(is_in_loop=bool(self._parents.get(id_))) for id_, fate in self._fates.items()}

    def _end(self, row: Said, id_: str, fate: Fate) -> None:
        fate.end(row, is_handled=id_ in self._handled)
        if fate.total is not None:
            self._give_up(self._inside[id_], row.iteration)
            self._forget_rounds(id_, row.iteration)
        if loop := self._parents.get(id_):
            is_lost = row.status == "cancelled" or (row.status == "failed" and id_ not in self._handled)
            self._count((loop, row.iteration), lost_as=row.status if is_lost else None)

    def _count(self, round_: Round, *, lost_as: Status | None) -> None:
        """A round is lost with the first node that fails or is cancelled, else done when all nodes in it have ended."""
        self._ended[round_] += 1
        if round_ in self._lost:
            return
        loop = round_[0]
        if lost_as:
            self._lost.add(round_)
            self._fates[loop].rounds[lost_as] += 1
        elif self._ended[round_] == self._sizes[loop]:
            del self._ended[round_]
            self._fates[loop].rounds["succeeded"] += 1

    def _forget_rounds(self, loop: str, around: Iteration) -> None:
        """Nothing more comes of the rounds that were lost or left undone."""
        for round_ in [known for known in self._ended if known[0] == loop and known[1][:-1] == around]:
            del self._ended[round_]
            self._lost.discard(round_)

    def _begin_loop(self, id_: str, row: Said, fate: Fate, said: Mapping[str, Any]) -> None:
        self._forget_rounds(id_, row.iteration)
        if row.attempt > 1 and not row.iteration:  # from the beginning, all of it
            fate.total = None
            fate.rounds.clear()
            for inner in self._inside[id_]:
                self._fates.pop(inner, None)
        fate.total = (fate.total or 0) + said["count"]
        fate.has_end = "until" not in said

    def _give_up(self, ids: Iterable[str], around: Iteration) -> None:
        """What was to be tried again in something that has ended has failed for good."""
        for fate in (self._fates[id_] for id_ in ids if id_ in self._fates):
            for iteration in [known for known in fate.failed if known[: len(around)] == around]:
                fate.end(fate.failed[iteration], is_handled=False)
