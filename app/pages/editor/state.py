"""What the editor shows in this tab; the document itself is the database's."""

from pathlib import PurePosixPath
from typing import Any

import reflex as rx

from app.guard import current_user
from app.live import get_hub
from app.pages.editor.execution_state import ExecutionState
from app.pages.editor.values import read_value
from app.pages.editor.views import NodeView, shown_text, view_node
from app.runtime import get_runtime
from app.services import workflows
from app.ui.notices import NoticeState
from engine.sdk import Kind

Op = dict[str, Any]


class EditorState(rx.State):
    """The document as it was loaded (later changes reach the canvas as ops), and the selected node."""

    workflow_id: str = ""
    doc: dict[str, Any] = {"workflow_id": "", "rev": 0, "nodes": [], "edges": []}
    node: NodeView = NodeView()

    @rx.event
    async def load(self) -> list[rx.event.EventSpec]:
        self.workflow_id = PurePosixPath(self.router.url.path).parts[2]
        self.node = NodeView()
        await self.reload()
        return [ExecutionState.load(self.workflow_id), EditorState.watch()]

    @rx.event
    async def watch(self) -> None:
        await get_hub().watch(self._tab, current_user(), self.workflow_id)

    @rx.event
    async def reload(self) -> None:
        workflow = await workflows.get_workflow(get_runtime(), current_user(), self.workflow_id)
        self.doc = {"workflow_id": workflow.id, "rev": workflow.rev, "nodes": workflow.nodes, "edges": workflow.edges}

    @rx.event
    async def apply(self, ops: list[Op]) -> rx.event.EventSpec | None:
        change = await workflows.apply_ops(get_runtime(), current_user(), self.workflow_id, ops, self.doc["rev"])
        if added := [op["node"]["id"] for op in change.ops or [] if op["op"] == "add_node"]:
            get_hub().select(self._tab, added)
        return NoticeState.show(change.rejected[0]["reason"], "error") if change.rejected else None

    @rx.event
    async def undo(self) -> None:
        await workflows.undo(get_runtime(), current_user(), self.workflow_id)

    @rx.event
    async def redo(self) -> None:
        await workflows.redo(get_runtime(), current_user(), self.workflow_id)

    @rx.event
    def select_on_canvas(self, ids: list[str]) -> None:
        get_hub().select(self._tab, ids)

    @rx.event
    async def select(self, ids: list[str]) -> rx.event.EventSpec | None:
        workflow = await workflows.get_workflow(get_runtime(), current_user(), self.workflow_id)
        problems = await workflows.problems_of(get_runtime(), workflow)
        selected = next((node for node in workflow.nodes if [node["id"]] == ids), None)
        self.node = view_node(selected, get_runtime().steps, problems) if selected else NodeView()
        return ExecutionState.look_at(self.node.id) if selected else None

    @rx.event
    async def set_name(self, name: str) -> None:
        await workflows.rename_workflow(get_runtime(), current_user(), self.workflow_id, name)

    @rx.event
    def set_label(self, label: str) -> rx.event.EventSpec | None:
        is_new = label.strip() and label != self.node.label
        return EditorState.apply([{"op": "set_label", "id": self.node.id, "label": label}]) if is_new else None

    @rx.event
    def set_field(self, path: str, kind: Kind, text: str) -> rx.event.EventSpec | None:
        is_new = text != shown_text(self.node, path)
        return EditorState.apply([self._set(path, read_value(kind, text))]) if is_new else None

    @rx.event
    def add_pair(self, path: str, name: str) -> rx.event.EventSpec | None:
        return EditorState.apply([self._set(f"{path}/{name.strip()}", "")]) if name.strip() else None

    @rx.event
    def remove_pair(self, path: str, name: str) -> rx.event.EventSpec:
        return EditorState.apply([self._set(f"{path}/{name}", None)])

    @property
    def _tab(self) -> str:
        return str(self.router.session.client_token)

    def _set(self, path: str, value: Any) -> Op:
        gone = {"remove": True} if value is None else {"value": value}
        return {"op": "set", "id": self.node.id, "path": path.split("/", 2), **gone}
