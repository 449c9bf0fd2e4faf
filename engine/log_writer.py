"""What a commit of the journal does: it adds events to the log, and says in other rows what they have changed."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Executable, insert

from engine.events import ENDED, Event
from engine.models import ExecutionLog, ExecutionWait
from engine.rows import MARK_ENDED, MARK_STARTED, MARK_WAITING, MARK_WOKEN, outcome_of, row_of, wait_of

Change = tuple[Executable, Sequence[Mapping[str, Any]]]
ADD_EVENT = insert(ExecutionLog)
ADD_WAIT = insert(ExecutionWait)


def changes_of(events: Sequence[Event]) -> list[Change]:
    """List the statements that one transaction has to run, in this order, each with its rows."""
    own = [event for event in events if event.node_id is None]  # of an execution's, a later kind overrules
    changes: list[Change] = [
        (ADD_EVENT, [row_of(event) for event in events]),
        (ADD_WAIT, [wait_of(event, wait) for event in events if (wait := _awaited(event))]),
        (MARK_STARTED, [outcome_of(event) for event in own if event.status == "running"]),
        (MARK_WAITING, [outcome_of(event) for event in own if event.status == "waiting"]),
        (MARK_ENDED, [outcome_of(event) for event in own if event.status in ENDED]),
        (MARK_WOKEN, [{"execution": event.wakes, "moment": event.timestamp} for event in own if event.wakes]),
    ]
    return [(statement, rows) for statement, rows in changes if rows]


def _awaited(event: Event) -> dict[str, Any] | None:
    """Return what an event waits for that somebody outside has to answer."""
    wait: dict[str, Any] = (event.effect or {}).get("wait", {})
    return wait if wait.get("what") in ("request", "approval") else None
