"""The canvas: React Flow draws the workflow, the page hears of a gesture when it ends."""

from typing import Any

import reflex as rx
from reflex.event import no_args_event_spec

_ENTRY = "canvas.jsx"
_PARTS = (
    "canvas.css", "controls.jsx", "edge.jsx", "entries.js", "gestures.js", "keys.js", "live.js",
    "messages.js", "node.jsx", "ops.js", "palette.js", "placement.js", "selection.js",
)  # fmt: skip


def _ops(ops: rx.Var[list[dict[str, Any]]]) -> list[rx.Var[list[dict[str, Any]]]]:
    return [ops]


def _ids(ids: rx.Var[list[str]]) -> list[rx.Var[list[str]]]:
    return [ids]


def _id(node_id: rx.Var[str]) -> list[rx.Var[str]]:
    return [node_id]


class Canvas(rx.NoSSRComponent):
    """Shows a workflow and turns gestures into ops; fills its parent.

    `doc` is `{workflow_id, rev, nodes, edges}` and optionally `problems` and `status`, both as in a message.
    A new object replaces what is shown and keeps the viewport and the selection.

    `live_state` is the full name of the substate whose `message` var is pushed. A message has `n`, which makes it
    differ from the one before, and any of `workflow_id` (a message for another workflow is ignored),
    `change` `{rev, ops, by}`, `problems` `{node: [text]}` (of all nodes that have any),
    `status` `{execution_id, reset, nodes: {id: {status, …}}, edges: {id: "taken" | "skipped"}}` and `select` `[ids]`.

    `node_card` is an `rx.memo` of `id`, `data`, `selected`, `status` (`{}` or what the message said) and `problems`.
    `handles` names an action's outputs when they are not the one plain one.
    """

    library = rx.asset(_ENTRY, shared=True).importable_path
    tag = "Canvas"
    lib_dependencies: list[str] = ["@xyflow/react@12.12.1"]

    doc: rx.Var[dict[str, Any]]
    live_state: rx.Var[str]
    node_card: rx.Var[Any]
    handles: rx.Var[dict[str, list[str]]]
    read_only: rx.Var[bool]

    on_ops: rx.EventHandler[_ops]
    on_select: rx.EventHandler[_ids]
    on_open: rx.EventHandler[_id]
    on_undo: rx.EventHandler[no_args_event_spec]
    on_redo: rx.EventHandler[no_args_event_spec]
    on_run: rx.EventHandler[no_args_event_spec]
    on_gap: rx.EventHandler[no_args_event_spec]

    @classmethod
    def create(cls, *, node_card: Any, **props: Any) -> rx.Component:
        """Create the canvas; `node_card` is the memo itself, not a call of it."""
        return super().create(node_card=node_card._as_var(), **props)


for _part in _PARTS:  # the entry imports them from beside it
    rx.asset(_part, shared=True)
