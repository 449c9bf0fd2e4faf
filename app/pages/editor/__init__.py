"""`/workflows/{id}/edit`: the canvas with its palette, panel and executions."""

import reflex as rx

from app.live import LiveState
from app.pages.editor.card import node_card
from app.pages.editor.execution_state import PROBLEMS, ExecutionState
from app.pages.editor.executions import executions_drawer
from app.pages.editor.palette import palette
from app.pages.editor.panel import panel
from app.pages.editor.state import EditorState
from app.pages.editor.toolbar import toolbar
from app.ui.catalogue import HANDLES
from app.ui.missing import missing
from app.ui.notices import NoticeState, notices
from components.canvas import Canvas
from components.commit_keys import CommitKeys


def editor() -> rx.Component:
    """The whole page, unless there is no such workflow or it is somebody else's."""
    return rx.cond(
        EditorState.is_missing,
        missing(
            "This workflow can't be opened",
            "It was deleted, or it belongs to somebody else: ask them to share it with you.",
        ),
        _everything(),
    )


def _everything() -> rx.Component:
    return rx.el.div(
        toolbar(),
        palette(),
        rx.el.main(
            rx.cond(_is_loaded(), rx.fragment(_canvas(), _first_step()), _skeleton()), class_name="canvas-place"
        ),
        rx.cond(_is_loaded(), panel()),
        executions_drawer(),
        notices(is_out_of_date=(NoticeState.kind == PROBLEMS) & (LiveState.problems.length() == 0)),
        CommitKeys.create(),
        class_name="editor",
    )


def _is_loaded() -> rx.Var[bool]:
    """Whether the tab holds the workflow of its address; until then it may hold the one before."""
    workflow_id = EditorState.doc["workflow_id"].to(str)
    return (workflow_id != "") & EditorState.router.url.path.contains(workflow_id)


def _canvas() -> rx.Component:
    return Canvas.create(
        doc=EditorState.doc,
        live_state=LiveState.get_full_name(),
        node_card=node_card,
        handles=HANDLES,
        on_ready=EditorState.watch,
        on_ops=EditorState.apply,
        on_select=EditorState.select,
        on_open=ExecutionState.open_node,
        on_undo=EditorState.undo,
        on_redo=EditorState.redo,
        on_run=ExecutionState.run,
        on_gap=EditorState.reload,
    )


def _skeleton() -> rx.Component:
    cards = [rx.el.div(class_name="skeleton-card") for _ in range(3)]
    return rx.el.div(*cards, class_name="canvas-skeleton", custom_attrs={"aria-hidden": "true"})


def _first_step() -> rx.Component:
    return rx.cond(
        LiveState.is_empty,
        rx.el.div(
            rx.el.h2("Begin with a trigger"),
            rx.el.p("Drag one from the left onto the canvas, then the steps that follow, and join them by their dots."),
            class_name="empty first-step",
        ),
    )
