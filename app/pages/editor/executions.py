"""The drawer under the canvas: the workflow's executions, the followed one's nodes, and what one node got and gave."""

import reflex as rx

from app.live import LiveState
from app.pages.editor.execution_state import ExecutionState
from app.ui.icons import action_icon, icon
from app.ui.rows import ExecutionRow, StepRow
from app.ui.status import status_icon, status_label
from components.local_time import LocalTime

DETAIL = LiveState.detail


def executions_drawer() -> rx.Component:
    """Three columns: executions, nodes, one node's data."""
    return rx.cond(
        ExecutionState.is_open,
        rx.el.section(
            rx.cond(LiveState.executions.length() > 0, rx.fragment(_executions(), _steps(), _detail()), _nothing()),
            class_name="drawer",
            aria_label="Executions",
        ),
    )


def _executions() -> rx.Component:
    return rx.el.div(
        rx.el.h2("Executions"),
        rx.foreach(LiveState.executions, _execution),
        class_name="drawer-column",
    )


def _execution(row: rx.Var[ExecutionRow]) -> rx.Component:
    return rx.el.button(
        status_icon(row.status),
        LocalTime.create(value=row.started, class_name="numbers truncate"),
        rx.el.span(row.duration, class_name="numbers faint drawer-end"),
        class_name="drawer-item",
        type="button",
        aria_pressed=row.id == LiveState.followed,
        on_click=ExecutionState.follow(row.id),
        key=row.id,
    )


def _steps() -> rx.Component:
    return rx.el.div(
        rx.el.h2("Nodes"),
        rx.foreach(LiveState.steps, _step),
        class_name="drawer-column",
    )


def _step(row: rx.Var[StepRow]) -> rx.Component:
    return rx.el.button(
        status_icon(row.status),
        action_icon(row.action),
        rx.el.span(row.label, class_name="truncate"),
        rx.cond(row.attempts > 1, rx.el.span("attempt ", row.attempts, class_name="faint numbers")),
        rx.el.span(row.duration, class_name="numbers faint drawer-end"),
        class_name="drawer-item",
        type="button",
        aria_pressed=row.id == DETAIL.node_id,
        on_click=ExecutionState.look_at(row.id),
        key=row.id,
    )


def _detail() -> rx.Component:
    return rx.el.div(
        rx.el.header(
            rx.el.h2(DETAIL.label),
            rx.cond(DETAIL.status != "", status_label(DETAIL.status)),
            rx.el.span(DETAIL.duration, class_name="faint numbers"),
            class_name="detail-head",
        ),
        rx.cond(DETAIL.error != "", rx.el.p(DETAIL.error, class_name="detail-error", role="alert")),
        rx.el.div(
            _data("Input", DETAIL.input),
            _data("Output", DETAIL.output),
            rx.cond(DETAIL.stdout != "", _data("Printed", DETAIL.stdout)),
            class_name="detail-data",
        ),
        class_name="drawer-detail",
    )


def _data(title: str, text: rx.Var[str]) -> rx.Component:
    return rx.el.section(
        rx.el.h3(title),
        rx.el.pre(rx.cond(text != "", text, "nothing"), tab_index=0, aria_label=title),
        class_name="data",
    )


def _nothing() -> rx.Component:
    return rx.el.div(
        icon("play", 20),
        rx.el.h2("Nothing has run yet"),
        rx.el.p("Press Run, and every node's progress, input and output appear here as it happens."),
        class_name="empty",
    )
