"""Makes the state of executions from their logs, event by event, so that no log is ever in memory as a whole."""

import json
import logging
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from engine.errors import DefinitionError
from engine.events import Event
from engine.graph import Graph, parse
from engine.models import Execution
from engine.progress import State
from engine.state import fold
from engine.store import Store

MAX_SHARED = 100_000  # characters
log = logging.getLogger(__name__)
TEST = "test"  # the trigger of executions that take pinned outputs


async def replay(store: Store, execution_ids: Sequence[str]) -> list[tuple[Execution, State | DefinitionError]]:
    """Return executions with what has become of them, all that driving them on takes."""
    if not execution_ids:
        return []
    executions = await store.load(execution_ids)
    states = {execution.id: _begin(execution) for execution in executions}
    async for event in store.stream_logs([id_ for id_, state in states.items() if isinstance(state, State)]):
        states[event.execution_id] = _fold(states[event.execution_id], event)
    return [(execution, states[execution.id]) for execution in executions]


def _begin(execution: Execution) -> State | DefinitionError:
    try:
        return State(_parse(execution.definition), execution.id, is_test=execution.trigger == TEST)
    except DefinitionError as error:
        return error


def _fold(state: State | DefinitionError, event: Event) -> State | DefinitionError:
    """A log that makes no sense is one execution's trouble and not that of the others."""
    if isinstance(state, DefinitionError):
        return state
    try:
        return fold(state, event)
    except Exception:
        log.exception("Event %d of execution %s can't be understood", event.seq, event.execution_id)
        return DefinitionError(f"Event {event.seq} of the log doesn't fit the definition: start the workflow anew.")


def _parse(definition: dict[str, Any]) -> Graph:
    """Read a definition; executions of the same one share what is read, which never changes."""
    text = json.dumps(definition)
    return _parse_text(text) if len(text) <= MAX_SHARED else parse(definition)


@lru_cache(maxsize=128)
def _parse_text(text: str) -> Graph:
    return parse(json.loads(text))
