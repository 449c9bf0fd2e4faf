"""The names that the expressions of one attempt see."""

from collections.abc import Iterator, Mapping
from typing import Any

from engine.events import ENDED
from engine.models import Execution
from engine.names import ALWAYS_THERE, FUNCTIONS
from engine.progress import Key, State, find_node

_CONSTANTS = frozenset({"execution", "workflow", "variables"})


class Scope(Mapping[str, Any]):
    """The outputs of all nodes upstream, by id, and the names that are always there; nothing is copied.

    `inside` is an iteration of the node's own loop, whose body it then sees, too. `own` are the names of a loop.
    """

    def __init__(
        self,
        execution: Execution,
        state: State,
        key: Key,
        attempt: int,
        *,
        own: Mapping[str, Any] | None = None,
        inside: int | None = None,
    ) -> None:
        self._execution = execution
        self._state = state
        self._attempt = attempt
        self._node_id, self._iteration = key if inside is None else (key[0], (*key[1], inside))
        self._body = frozenset(() if inside is None else state.graph.bodies[key[0]].order)
        self._own = own or {}

    def __getitem__(self, name: str) -> Any:
        if name in self._own:
            return self._own[name]
        if name in _CONSTANTS:
            return self._constant(name)
        node_id = self._state.graph.trigger if name == "trigger" else name
        if name != "trigger" and not self._is_seen(node_id):
            raise KeyError(name)
        node = find_node(self._state, node_id, self._iteration)
        return node.output if node and node.status in ENDED else None  # what one that waits shows isn't its output

    def __iter__(self) -> Iterator[str]:
        yield from (id_ for id_ in self._state.graph.order if self._is_seen(id_))
        yield from sorted({*self._own, *(ALWAYS_THERE - FUNCTIONS)})

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _constant(self, name: str) -> dict[str, Any]:
        execution, started_at = self._execution, self._state.started_at
        match name:
            case "execution":
                begun = started_at.isoformat() if started_at else None
                return {"id": execution.id, "started_at": begun, "attempt": self._attempt}
            case "workflow":
                return {"id": execution.workflow_id, "name": execution.definition.get("name", "")}
        return {}  # variables

    def _is_seen(self, node_id: str) -> bool:
        return node_id in self._body or self._state.graph.is_upstream(node_id, of=self._node_id)
