"""The drawer under the canvas: the workflow's executions, the followed one's nodes, and what one node got and gave."""

import reflex as rx

from app.guard import MeState
from app.live import LiveState
from app.pages.editor.execution_state import ExecutionState
from app.ui.icons import action_icon, icon
from app.ui.rows import ExecutionRow, StepRow
from app.ui.status import status_icon, status_label
from components.copy_button import CopyButton
from components.local_time import LocalTime

DETAIL = LiveState.detail
FAILED = rx.Var.create(["failed", "cancelled"])
ENDED = rx.Var.create(["succeeded", "failed", "cancelled"])


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
        rx.el.header(
            rx.el.h2("Nodes"),
            rx.cond(
                FAILED.contains(LiveState.followed_status),
                _retry("Retry from failed", "failed", icon("rotate-ccw", 14)),
            ),
            rx.cond(
                ENDED.contains(LiveState.followed_status), _retry("Run again", "start", title="Retry from the start")
            ),
            class_name="drawer-head",
        ),
        rx.foreach(LiveState.steps, _step),
        class_name="drawer-column",
    )


def _retry(label: str, begin: rx.Var[str] | str, *shape: rx.Component, **props: str) -> rx.Component:
    return rx.el.button(
        *shape,
        label,
        class_name="button quiet small",
        type="button",
        on_click=ExecutionState.retry(LiveState.followed, begin),
        **props,
    )


def _step(row: rx.Var[StepRow]) -> rx.Component:
    return rx.el.button(
        status_icon(row.status),
        action_icon(row.action),
        rx.el.span(row.label, class_name="truncate"),
        rx.cond(row.attempts > 1, rx.el.span("attempt ", row.attempts, class_name="faint numbers")),
        rx.cond(row.count != "", rx.el.span(row.count, class_name="faint numbers truncate", title=row.count)),
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
            rx.cond(DETAIL.place != "", rx.el.span("round ", DETAIL.place, class_name="faint numbers")),
            rx.cond(
                (DETAIL.node_id != "") & ENDED.contains(LiveState.followed_status),
                rx.el.span(_retry("Retry from here", DETAIL.node_id, icon("rotate-ccw", 14)), class_name="drawer-end"),
            ),
            class_name="detail-head",
        ),
        rx.cond(DETAIL.waits != "", _wait()),
        rx.cond(DETAIL.error != "", rx.el.p(DETAIL.error, class_name="detail-error " + DETAIL.status, role="alert")),
        rx.el.div(
            _data("Input", DETAIL.input, _whole(DETAIL.input_note, DETAIL.input_url)),
            _data("Output", DETAIL.output, _whole(DETAIL.output_note, DETAIL.output_url)),
            rx.cond(DETAIL.stdout != "", _data("Printed", DETAIL.stdout)),
            class_name="detail-data",
        ),
        class_name="drawer-detail",
    )


def _wait() -> rx.Component:
    """For what and until when the node waits, and what can be done about it."""
    return rx.el.section(
        rx.el.p(
            rx.el.strong(DETAIL.waits),
            rx.cond(DETAIL.until != "", rx.fragment(" ", LocalTime.create(value=DETAIL.until, class_name="numbers"))),
        ),
        rx.cond(DETAIL.message != "", rx.el.p(DETAIL.message, class_name="wait-message")),
        rx.cond(DETAIL.resume_url != "", _resume_url()),
        rx.cond(
            DETAIL.deciders.length() > 0,
            rx.cond(
                DETAIL.deciders.contains(MeState.email.lower()),
                _decision(),
                rx.el.p("Asked: ", DETAIL.deciders.join(", "), class_name="muted"),
            ),
        ),
        class_name="wait",
    )


def _resume_url() -> rx.Component:
    return rx.el.p(
        rx.el.code(DETAIL.resume_url, class_name="wait-url"),
        CopyButton.create(value=DETAIL.resume_url, class_name="button"),
        class_name="wait-actions",
    )


def _decision() -> rx.Component:
    return rx.el.div(
        rx.el.input(
            class_name="input",
            placeholder="Comment",
            aria_label="Comment",
            max_length=2_000,
            on_blur=ExecutionState.set_comment,
            key=DETAIL.node_id,
        ),
        _decide("Approve", "check", "approved", "button primary"),
        _decide("Reject", "x", "rejected", "button danger"),
        class_name="wait-actions",
    )


def _decide(label: str, shape: str, decision: str, class_name: str) -> rx.Component:
    return rx.el.button(
        icon(shape),
        label,
        class_name=class_name,
        type="button",
        on_click=ExecutionState.decide(LiveState.followed, DETAIL.node_id, DETAIL.iteration, decision),
    )


def _data(title: str, text: rx.Var[str], *note: rx.Component) -> rx.Component:
    return rx.el.section(
        rx.el.h3(title),
        *note,
        rx.el.pre(rx.cond(text != "", text, "nothing"), tab_index=0, aria_label=title),
        class_name="data",
    )


def _whole(note: rx.Var[str], url: rx.Var[str]) -> rx.Component:
    """What the whole of a value is of which only a preview is shown, and the way to it."""
    link = rx.el.a("Open the whole", href=url, target="_blank")
    return rx.cond(note != "", rx.el.p(note, " ", link, class_name="data-note"))


def _nothing() -> rx.Component:
    return rx.el.div(
        icon("play", 20),
        rx.el.h2("Nothing has run yet"),
        rx.el.p("Press Run, and every node's progress, input and output appear here as it happens."),
        class_name="empty",
    )
