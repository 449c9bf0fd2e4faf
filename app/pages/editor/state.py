"""What the editor shows in this tab; the document itself is the database's."""

from typing import Any

import reflex as rx

from app.guard import current_session, current_user
from app.live import get_hub
from app.models import Workflow
from app.pages.editor.execution_state import ExecutionState
from app.pages.editor.place import workflow_of
from app.pages.editor.values import read_value
from app.pages.editor.views import NodeView, shown_text, view_node
from app.runtime import get_runtime
from app.services import editing, workflows
from app.ui.notices import NoticeState
from engine.sdk import Kind

Op = dict[str, Any]


class EditorState(rx.State):
    """The document as it was loaded (later changes reach the canvas as ops), and the selected node."""

    doc: dict[str, Any] = {"workflow_id": "", "rev": 0, "nodes": [], "edges": []}
    node: NodeView = NodeView()
    is_missing: bool = False

    @rx.event
    async def load(self) -> list[rx.event.EventSpec]:
        if self.doc["workflow_id"] != workflow_of(self):
            self.node = NodeView()
        self.is_missing = True  # unless it can be read
        await self.reload()
        self.is_missing = False
        return [ExecutionState.load(), EditorState.watch()]

    @rx.event
    async def watch(self) -> None:
        await get_hub().watch(self._tab, current_user(), workflow_of(self), session_id=current_session().id)
        get_hub().select(self._tab, [self.node.id])

    @rx.event
    async def reload(self) -> None:
        workflow = await workflows.get_workflow(get_runtime(), current_user(), workflow_of(self))
        self.doc = {"workflow_id": workflow.id, "rev": workflow.rev, "nodes": workflow.nodes, "edges": workflow.edges}
        self._show(await _view_only([self.node.id], workflow))

    @rx.event
    async def apply(self, ops: list[Op]) -> rx.event.EventSpec | None:
        change = await editing.apply_ops(get_runtime(), current_user(), workflow_of(self), ops, self.doc["rev"])
        for op in change.ops or []:
            if op["op"] == "rename_node" and op["id"] == self.node.id:
                self.node.id = op["to"]  # the form stays, and what is being typed into it
        if added := [op["node"]["id"] for op in change.ops or [] if op["op"] == "add_node"]:
            get_hub().select(self._tab, added)
        if change.rejected:
            return NoticeState.show(change.rejected[0]["reason"], "error")
        return _say_what_was_cut(ops, change.ops or [])

    @rx.event
    async def undo(self) -> None:
        await editing.undo(get_runtime(), current_user(), workflow_of(self))

    @rx.event
    async def redo(self) -> None:
        await editing.redo(get_runtime(), current_user(), workflow_of(self))

    @rx.event
    def select_on_canvas(self, ids: list[str]) -> None:
        get_hub().select(self._tab, ids)

    @rx.event
    async def select(self, ids: list[str]) -> rx.event.EventSpec | None:
        workflow = await workflows.get_workflow(get_runtime(), current_user(), workflow_of(self))
        self._show(await _view_only(ids, workflow))
        return ExecutionState.look_at(self.node.id) if self.node.id else None

    @rx.event
    async def set_name(self, name: str) -> None:
        await workflows.rename_workflow(get_runtime(), current_user(), workflow_of(self), name)

    @rx.event
    def set_label(self, node_id: str, label: str) -> rx.event.EventSpec | None:
        is_new = label.strip() and label != self._shown(node_id).label
        return EditorState.apply([{"op": "set_label", "id": node_id, "label": label}]) if is_new else None

    @rx.event
    def set_field(self, node_id: str, path: str, kind: Kind, text: str) -> rx.event.EventSpec | None:
        is_new = text != shown_text(self._shown(node_id), path)
        return EditorState.apply([_set(node_id, path, read_value(kind, text))]) if is_new else None

    @rx.event
    async def add_pair(self, node_id: str, path: str, name: str) -> rx.event.EventSpec | None:
        if not (name := name.strip()):
            return None
        workflow = await workflows.get_workflow(get_runtime(), current_user(), workflow_of(self))
        if shown_text(await _view_only([node_id], workflow), f"{path}/{name}") is not None:
            return NoticeState.show(f"“{name}” is there already. Change its value instead.", "error")
        return EditorState.apply([_set(node_id, f"{path}/{name}", "")])

    @rx.event
    def remove_pair(self, node_id: str, path: str, name: str) -> rx.event.EventSpec:
        return EditorState.apply([_set(node_id, f"{path}/{name}", None)])

    @rx.event
    def warn_overtaken(self) -> rx.event.EventSpec:
        return NoticeState.show(
            "Somebody else has just changed this. What you leave here replaces it; Escape takes it."
        )

    @property
    def _tab(self) -> str:
        return str(self.router.session.client_token)

    def _show(self, view: NodeView) -> None:
        if view.id == self.node.id:
            view.key = self.node.key
        elif view.key == self.node.key:
            view.key += " anew"  # another node, called as this one once was
        self.node = view

    def _shown(self, node_id: str) -> NodeView:
        """What this tab shows of a node: nothing once the server has forgotten the tab."""
        return self.node if self.node.id == node_id else NodeView()


@rx.event
def open_editor(state: rx.State) -> rx.event.EventSpec:
    """Lead from `/workflows/{id}` to its editor."""
    return rx.redirect(f"/workflows/{workflow_of(state)}/edit", replace=True)


async def _view_only(ids: list[str], workflow: Workflow) -> NodeView:
    """The panel of the only node among these; none for several."""
    selected = next((node for node in workflow.nodes if [node["id"]] == ids), None)
    if selected is None:
        return NodeView()
    return view_node(selected, get_runtime().steps, await editing.problems_of(get_runtime(), workflow))


def _say_what_was_cut(asked: list[Op], done: list[Op]) -> rx.event.EventSpec | None:
    """Nodes that go into a loop or out of it lose the edges across its border."""
    cut = sum(op["op"] == "remove_edge" for op in done)
    if not cut or not any(op["op"] == "set_parent" for op in asked):
        return None
    what = "An edge was" if cut == 1 else f"{cut} edges were"
    return NoticeState.show(f"{what} removed: none can lead into or out of a loop. Undo brings everything back.")


def _set(node_id: str, path: str, value: Any) -> Op:
    gone = {"remove": True} if value is None else {"value": value}
    return {"op": "set", "id": node_id, "path": path.split("/", 2), **gone}
