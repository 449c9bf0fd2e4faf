"""Which nodes come before which: plain functions on ids and pairs of ids."""

from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence

Pair = tuple[str, str]


def sort(ids: Collection[str], pairs: Iterable[Pair]) -> tuple[list[str], set[str]]:
    """Return the ids with each after all before it, and those that stand in a cycle or behind one."""
    after = neighbours(ids, pairs)
    waiting = dict.fromkeys(ids, 0)
    for targets in after.values():
        for target in targets:
            waiting[target] += 1
    ready = deque(id_ for id_, count in waiting.items() if not count)
    order = []
    while ready:
        order.append(id_ := ready.popleft())
        for target in after[id_]:
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    return order, set(ids) - set(order)


def reachable(start: str, after: Mapping[str, Sequence[str]]) -> set[str]:
    """The ids that can be reached from one, itself included."""
    found, waiting = {start}, [start]
    while waiting:
        for target in after[waiting.pop()]:
            if target not in found:
                found.add(target)
                waiting.append(target)
    return found


def upstream(order: Sequence[str], before: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """For each id of an order the set of all before it, as bits by their place in the order."""
    bits = {id_: 1 << place for place, id_ in enumerate(order)}
    sets: dict[str, int] = {}
    for id_ in order:
        sets[id_] = 0
        for source in before[id_]:
            sets[id_] |= bits[source] | sets[source]
    return sets


def find_cycles(ids: set[str], pairs: Iterable[Pair]) -> list[list[str]]:
    """Return cycles among ids of which none can be sorted, no two with an id in common, each in its edges' order."""
    pairs = list(pairs)
    cycles = []
    while ids:
        inner = [(source, target) for source, target in pairs if source in ids and target in ids]
        before = neighbours(ids, [(target, source) for source, target in inner])
        path = [min(ids)]
        while (following := min(before[path[-1]])) not in path:
            path.append(following)
        cycle = [following, *reversed(path[path.index(following) + 1 :])]
        cycles.append(cycle)
        left = ids.difference(cycle)
        ids = sort(left, [(source, target) for source, target in inner if {source, target} <= left])[1]
    return cycles


def neighbours(ids: Collection[str], pairs: Iterable[Pair]) -> dict[str, list[str]]:
    """For each id the other ends of its pairs."""
    ends: dict[str, list[str]] = {id_: [] for id_ in ids}
    for source, target in pairs:
        ends[source].append(target)
    return ends
