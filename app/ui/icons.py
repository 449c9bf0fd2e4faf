"""Icons: lucide's for the product's own controls, each plugin's own for its actions."""

import reflex as rx

from app.ui.catalogue import STEP_LABELS


def icon(name: str, size: int = 16) -> rx.Component:
    """One of lucide's icons, drawn thin; decoration only, so give its button a label."""
    return rx.icon(name, size=size, stroke_width=1.75, custom_attrs={"aria-hidden": "true"})


def action_icon(action: rx.Var[str] | str) -> rx.Component:
    """The icon of `plugin/step`, in the colour of the text around it; a question mark for one that isn't installed."""
    name = rx.Var.create(action).to(str)
    drawn = rx.el.span(
        class_name="action-icon",
        style={"--icon": "url(/api/integrations/" + name + ".svg)"},
        custom_attrs={"aria-hidden": "true"},
    )
    return rx.cond(STEP_LABELS.contains(name), drawn, icon("circle-help"))


def logo() -> rx.Component:
    """Treadle's mark: warp and weft."""
    return rx.el.svg(
        rx.el.path(
            d="M3 6.5h14M3 13.5h14", stroke="currentColor", stroke_width="2.4", stroke_linecap="round", opacity="0.45"
        ),
        rx.el.path(d="M6.5 2.5v14.8M13.5 2.5v14.8", stroke="currentColor", stroke_width="2.4", stroke_linecap="round"),
        view_box="0 0 20 20",
        width="20",
        height="20",
        custom_attrs={"aria-hidden": "true"},
    )
