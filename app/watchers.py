"""The tabs at a workflow: who they are and what they look at."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from app.models import User


@dataclass
class Watcher:
    """A tab at a workflow. Without `execution_id` it follows the newest execution; `node_id` is the node whose data
    it shows, "" the execution's own. `told` is what it was told last, which isn't said twice."""

    user: User
    session_id: str
    workflow_id: str
    execution_id: str = ""
    node_id: str = ""
    told: dict[str, Any] = field(default_factory=dict)


Watchers = dict[str, Watcher]  # by tab


def user_of(watchers: Watchers) -> User:
    """The one in whose name something is read for all of them: each may read it."""
    return next(iter(watchers.values())).user


def by_view(watchers: Watchers, *, newest: str) -> dict[tuple[str, str], Watchers]:
    """Those who look at the same execution and node, by these two."""
    groups: defaultdict[tuple[str, str], Watchers] = defaultdict(dict)
    for token, watcher in watchers.items():
        groups[watcher.execution_id or newest, watcher.node_id][token] = watcher
    return groups
