"""The canvas: React Flow draws the workflow, the page hears of a gesture when it ends."""

from pathlib import Path
from typing import Any

import reflex as rx
from reflex.event import no_args_event_spec


def _ops(ops: rx.Var[list[dict[str, Any]]]) -> list[rx.Var[list[dict[str, Any]]]]:
    return [ops]


def _ids(ids: rx.Var[list[str]]) -> list[rx.Var[list[str]]]:
    return [ids]


def _id(id_: rx.Var[str]) -> list[rx.Var[str]]:
    return [id_]


class Canvas(rx.NoSSRComponent):
    """Shows a workflow and turns gestures into ops; fills its parent.

    `doc` is `{workflow_id, rev, nodes, edges}`, the snapshot. A new object replaces what is shown and keeps the
    viewport and the selection; another `workflow_id` begins anew.

    `live_state` is the full name of the substate whose `message` var is pushed. A message has `n`, which makes it
    differ from the one before, the `workflow_id` that it is about, and any of
    `change` `{rev, ops}`, where `ops` None asks for a new `doc`; `problems` `{node: [text]}` of all nodes that have
    any; `ends` `{node: {names, gone}}` of all nodes that have other ends than `handles` says; `select` `[node, …]`;
    `status` `{execution_id, nodes: {node: {status, …}}, edges: {edge: "taken" | "skipped"}}`, added to what is
    known of this execution, or instead of it with `reset` true.

    `node_card` is an `rx.memo` of `id`, `data`, `selected`, `status` (`{}` or what a message said) and `problems`.
    `handles` names the outputs of actions that have not the one plain output.

    `on_ready(workflow_id)`: from now on messages are heard. `on_ops(ops)`: a gesture has ended. `on_select(ids)`,
    `on_open(id)`: nodes. `on_gap()`: a revision is missing, give a new `doc`.
    """

    library = rx.asset("canvas.jsx", shared=True).importable_path
    tag = "Canvas"
    lib_dependencies: list[str] = ["@xyflow/react@12.12.1"]

    doc: rx.Var[dict[str, Any]]
    live_state: rx.Var[str]
    node_card: rx.Var[Any]
    handles: rx.Var[dict[str, list[str]]]
    read_only: rx.Var[bool]

    on_ready: rx.EventHandler[_id]
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


for _part in sorted(Path(__file__).parent.glob("*.[cj]s*")):  # canvas.jsx imports them from beside it
    rx.asset(_part.name, shared=True)
