"""A node on the canvas: its icon, its name, what it does and how it fares."""

import reflex as rx

from app.ui.catalogue import STEP_LABELS
from app.ui.icons import action_icon, icon
from app.ui.status import status_icon


@rx.memo
def node_card(
    id: rx.Var[str],
    data: rx.Var[dict],
    selected: rx.Var[bool],
    status: rx.Var[dict],
    problems: rx.Var[list[str]],
) -> rx.Component:
    """One card; the canvas hands in what has changed, so that only this card is drawn again."""
    state = status["status"].to(str)
    return rx.el.div(
        rx.el.span(action_icon(data["action"].to(str)), class_name="card-icon"),
        rx.el.span(
            rx.el.span(_label(id, data["label"]), class_name="card-label truncate"),
            rx.el.span(
                rx.cond(status["count"], status["count"].to(str), STEP_LABELS[data["action"].to(str)]),
                class_name="card-step numbers truncate",
            ),
            class_name="card-text",
        ),
        rx.cond(
            state,
            status_icon(state),
            rx.cond(problems.length() > 0, _problem_mark(problems)),
        ),
        class_name="card " + rx.cond(state, state, "idle") + rx.cond(data["enabled"] == False, " disabled", ""),  # noqa: E712
        custom_attrs={"data-selected": selected, "data-node": id},
    )


def _label(id: rx.Var[str], label: rx.Var) -> rx.Var[str]:
    """The label, or in a draft that has none the id."""
    return rx.cond((label.js_type() == "string") & (label != ""), label.to(str), id)


def _problem_mark(problems: rx.Var[list[str]]) -> rx.Component:
    return rx.el.span(
        icon("triangle-alert", 14), class_name="card-problem", title=problems[0], role="img", aria_label=problems[0]
    )
