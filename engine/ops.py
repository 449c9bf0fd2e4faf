"""The editor's operations on a definition: small, per field, undoable, and safe to apply to a newer revision.

An op is a JSON object:
    {"op": "add_node", "node": {…}, "index"?}      {"op": "remove_node", "id"}     {"op": "move_node", "id", "position"}
    {"op": "set_parent", "nodes": [{"id", "position"}], "parent": id or null}
    {"op": "set", "id", "path", "value"}           {"op": "set", "id", "path", "remove": true}
    {"op": "rename_node", "id", "to"}              {"op": "set_label", "id", "label"}
    {"op": "add_edge", "edge": {…}, "index"?}      {"op": "remove_edge", "id"}
    {"op": "set_workflow", "field": "name" or "description", "value"}
A `path` leads into the node's `data`. A `rename_node` rewrites every reference to the node. A `set_parent` puts nodes
into a loop or out of all, and a `remove_node` of a loop removes what is in it; both remove the edges left over.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.draft import Draft, Rejected
from engine.json_values import NotJson, size_of, to_json
from engine.nested import NoPlace
from engine.sdk import Step

Json = dict[str, Any]
MAX_OPS = 1_000
MAX_SIZE = 8 * 1024 * 1024  # characters of JSON
TOO_LARGE = f"The workflow would be larger than {MAX_SIZE // 1024**2} MiB: keep large data elsewhere and fetch it."


@dataclass(frozen=True, slots=True)
class Applied:
    """The new definition; `ops` as they took effect, to be replayed; `inverse` undoes exactly those, in its order."""

    definition: Json
    ops: list[Json]
    inverse: list[Json]
    rejected: list[Json]


def apply_ops(definition: Mapping[str, Any], ops: Any, steps: Mapping[str, Step]) -> Applied:
    """Apply what can be applied and reject the rest with a reason; the given definition stays as it is."""
    draft = Draft(definition, steps)
    if not isinstance(ops, list) or len(ops) > MAX_OPS:
        reason = f"Changes come as a list of at most {MAX_OPS:,} operations."
        return Applied(draft.finished(), [], [], [{"op": None, "reason": reason}])
    rejected = []
    for op in ops:
        try:
            draft.apply(_check(op))
        except (Rejected, NoPlace) as error:
            rejected.append({"op": op, "reason": str(error)})
    if draft.done and (size := size_of(draft.finished())) > MAX_SIZE and size > size_of(definition):
        return Applied(dict(definition), [], [], [{"op": op, "reason": TOO_LARGE} for op in ops])
    return Applied(draft.finished(), draft.done, draft.inverse, rejected)


def _check(op: Any) -> Json:
    if not isinstance(op, dict):
        raise Rejected("An operation is an object.")
    try:
        checked: Json = to_json(op)
    except NotJson as error:
        raise Rejected(f"The operation {error}.") from None
    return checked
