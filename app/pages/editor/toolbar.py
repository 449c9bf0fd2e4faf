"""The line above the canvas: where one is, the name, problems, undo, executions and Run."""

import reflex as rx

from app.live import LiveState
from app.pages.editor.execution_state import ExecutionState
from app.pages.editor.state import EditorState
from app.ui.icons import icon
from app.ui.menus import menu, menu_button
from app.ui.rows import ProblemRow
from components.shared_input import SharedInput

OPEN = rx.Var.create(["pending", "running", "waiting"])


def toolbar() -> rx.Component:
    """Everything that concerns the workflow as a whole."""
    return rx.el.header(
        rx.el.a(icon("arrow-left"), href="/workflows", class_name="icon-button", aria_label="All workflows"),
        SharedInput.create(
            default_value=LiveState.name,
            class_name="input title-input",
            aria_label="Name of the workflow",
            max_length=200,
            required=True,
            on_blur=EditorState.set_name,
            on_overtaken=EditorState.warn_overtaken,
            custom_attrs={"data-commit": "enter"},
        ),
        _problems(),
        rx.el.div(
            _icon_button("Undo", "undo-2", EditorState.undo),
            _icon_button("Redo", "redo-2", EditorState.redo),
            class_name="toolbar-group optional",
        ),
        rx.el.button(
            icon("panel-bottom"),
            rx.el.span("Executions", class_name="optional"),
            class_name="button quiet drawer-button",
            aria_label="Executions",
            aria_expanded=ExecutionState.is_open,
            on_click=ExecutionState.toggle,
        ),
        _stop(),
        _run(),
        class_name="toolbar",
    )


def _icon_button(label: str, shape: str, handler: rx.EventHandler) -> rx.Component:
    return rx.el.button(
        icon(shape), class_name="icon-button", type="button", aria_label=label, title=label, on_click=handler
    )


def _problems() -> rx.Component:
    count = LiveState.problems.length()
    return rx.cond(
        count > 0,
        rx.fragment(
            menu_button(
                "problems",
                icon("triangle-alert"),
                rx.el.span(rx.cond(count == 1, "1 problem", count.to(str) + " problems")),
                label="Problems",
                class_name="button quiet problems-button",
            ),
            menu("problems", rx.foreach(LiveState.problems, _problem)),
        ),
    )


def _problem(problem: rx.Var[ProblemRow]) -> rx.Component:
    return rx.el.button(
        rx.cond(problem.label != "", rx.el.strong(problem.label)),
        rx.el.span(problem.message),
        class_name="problem",
        type="button",
        on_click=EditorState.select_on_canvas([problem.node]),
        custom_attrs={"popoverTarget": "problems", "popoverTargetAction": "hide"},
    )


def _stop() -> rx.Component:
    return rx.cond(
        OPEN.contains(LiveState.followed_status),
        rx.el.button(
            icon("square"),
            "Stop",
            class_name="button danger",
            type="button",
            aria_label="Stop this execution",
            on_click=ExecutionState.stop(LiveState.followed),
        ),
    )


def _run() -> rx.Component:
    return rx.el.div(
        rx.el.button(
            icon("play"),
            "Run",
            class_name="button primary",
            type="button",
            title="Ctrl Enter",
            on_click=ExecutionState.run,
        ),
        menu_button("run-input", icon("chevron-down"), label="Run with input", class_name="button primary split"),
        menu(
            "run-input",
            rx.el.form(
                rx.el.label("Input", class_name="field-label", html_for="run-input-text"),
                rx.el.textarea(
                    id="run-input-text",
                    name="input",
                    class_name="input code",
                    rows="6",
                    placeholder='{"name": "Ada"}',
                    spell_check=False,
                ),
                rx.el.span("A JSON object: what the trigger gives.", class_name="field-help"),
                rx.el.button(
                    icon("play"),
                    "Run with this input",
                    class_name="button",
                    type="submit",
                ),
                on_submit=ExecutionState.run_with,
                class_name="run-form",
            ),
        ),
        class_name="run",
    )
