"""Form controls that pages share, and a form that the browser itself sends."""

from typing import Any

import reflex as rx
from reflex_base.components.component import field
from reflex_components_core.el.element import Element


class NativeForm(Element):
    """A form that the browser posts: a handler's form could not set a cookie that scripts can't read."""

    tag = "form"
    action: rx.Var[str] = field(doc="Where to")
    method: rx.Var[str] = field(doc="get or post")


def labelled(label: str, control: rx.Component, *, help_text: str = "") -> rx.Component:
    """A control under its label."""
    hint = [rx.el.span(help_text, class_name="field-help")] if help_text else []
    return rx.el.label(rx.el.span(label, class_name="field-label"), control, *hint, class_name="field")


def text_input(name: str, **props: Any) -> rx.Component:
    """A one-line input that the browser keeps; the form sends it by its name."""
    return rx.el.input(name=name, class_name="input", **props)
