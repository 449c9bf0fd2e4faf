"""Makes the state of executions from their logs, event by event, so that no log is ever in memory as a whole."""

from collections.abc import Sequence

from engine.errors import DefinitionError
from engine.graph import parse
from engine.models import Execution
from engine.progress import State
from engine.state import fold
from engine.store import Store

TEST = "test"  # the trigger of executions that take pinned outputs


async def replay(store: Store, execution_ids: Sequence[str]) -> list[tuple[Execution, State | DefinitionError]]:
    """Return executions with what has become of them, all that driving them on takes."""
    if not execution_ids:
        return []
    executions = await store.load(execution_ids)
    states = {execution.id: _begin(execution) for execution in executions}
    async for event in store.stream_logs([id_ for id_, state in states.items() if isinstance(state, State)]):
        fold(states[event.execution_id], event)  # type: ignore[arg-type]
    return [(execution, states[execution.id]) for execution in executions]


def _begin(execution: Execution) -> State | DefinitionError:
    try:
        return State(parse(execution.definition), execution.id, is_test=execution.trigger == TEST)
    except DefinitionError as error:
        return error
