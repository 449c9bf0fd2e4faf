"""Statuses of executions and nodes: a shape, a colour and a word."""

import reflex as rx

from app.ui.icons import icon

ICONS = {
    "pending": "clock",
    "running": "loader-circle",
    "waiting": "circle-pause",
    "succeeded": "circle-check",
    "failed": "circle-x",
    "cancelled": "ban",
    "skipped": "circle-minus",
}


def status_icon(status: rx.Var[str]) -> rx.Component:
    """The shape of a status; its word is the accessible name."""
    return rx.el.span(
        rx.match(status, *((name, icon(shape, 14)) for name, shape in ICONS.items()), icon("circle-dashed", 14)),
        class_name="status-icon " + status,
        role="img",
        aria_label=status,
        title=status,
    )


def status_label(status: rx.Var[str]) -> rx.Component:
    """The shape and the word."""
    return rx.el.span(status_icon(status), rx.el.span(status), class_name="status")
