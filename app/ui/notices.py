"""Notices: one line at the foot of the page that says what happened and offers the way back."""

import logging

import reflex as rx

from app.errors import AppError
from app.ui.icons import icon

log = logging.getLogger(__name__)


class NoticeState(rx.State):
    """The notice that is shown; `count` restarts its animation. `undo` names what the Undo button brings back."""

    text: str = ""
    kind: str = "info"
    undo: str = ""
    count: int = 0

    @rx.event
    def show(self, text: str, kind: str = "info", undo: str = "") -> None:
        self.text, self.kind, self.undo = text, kind, undo
        self.count += 1

    @rx.event
    def dismiss(self) -> None:
        self.text = ""


def report_error(exception: Exception) -> rx.event.EventSpec:
    """Turn what a handler raised into a notice: an AppError's own words; all else is only logged."""
    if isinstance(exception, AppError):
        return NoticeState.show(exception.message, "error")
    log.error("A page's event failed", exc_info=exception)
    return NoticeState.show("Something went wrong on our side. It has been logged; please try again.", "error")


def notices(*, on_undo: rx.EventHandler | None = None, is_out_of_date: rx.Var[bool] | bool = False) -> rx.Component:
    """The place where notices appear, unless out of date; `on_undo` takes what `NoticeState.undo` names."""
    undo = [] if on_undo is None else [rx.cond(NoticeState.undo != "", _undo_button(on_undo))]
    return rx.el.div(
        rx.cond(
            (NoticeState.text != "") & ~rx.Var.create(is_out_of_date),
            rx.el.div(
                rx.cond(NoticeState.kind.contains("error"), icon("circle-alert")),
                rx.el.span(NoticeState.text, class_name="notice-text"),
                *undo,
                rx.el.button(icon("x"), class_name="icon-button", aria_label="Dismiss", on_click=NoticeState.dismiss),
                key=NoticeState.count.to(str),
                class_name="notice " + NoticeState.kind,
            ),
        ),
        class_name="notices",
        role="status",
        aria_live="polite",
    )


def _undo_button(on_undo: rx.EventHandler) -> rx.Component:
    return rx.el.button("Undo", class_name="button", type="button", on_click=on_undo(NoticeState.undo))
