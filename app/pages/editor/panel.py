"""The panel: the form of the selected node, drawn from its step's fields."""

import reflex as rx

from app.pages.editor.state import EditorState
from app.pages.editor.views import Choice, FieldView, Pair
from app.ui.icons import action_icon, icon
from components.shared_input import SharedInput, SharedTextarea

NODE = EditorState.node
LIMIT = {"data-limit": "1000000"}  # characters of a field; all of them, escaped, still fit into one message
COMMIT = {"data-commit": "enter"} | LIMIT  # hand out copies: Reflex writes an input's name into the one it gets


def panel() -> rx.Component:
    """The column at the right of the canvas, there while a node is selected."""
    return rx.cond(
        NODE.id != "",
        rx.el.aside(
            _head(),
            rx.el.div(
                rx.cond(NODE.problem != "", rx.el.p(NODE.problem, class_name="field-problem")),
                rx.foreach(NODE.fields, _field),
                rx.cond(NODE.fields.length() == 0, rx.el.p("This step asks for nothing.", class_name="faint")),
                _outputs(),
                class_name="panel-body",
            ),
            class_name="panel",
            aria_label="Node",
            custom_attrs={"data-node-form": True},
            key=NODE.key,
        ),
    )


def _head() -> rx.Component:
    return rx.el.header(
        rx.el.div(
            rx.el.span(action_icon(NODE.action), class_name="card-icon"),
            SharedInput.create(
                default_value=NODE.label,
                class_name="input title-input",
                aria_label="Name of the node",
                max_length=100,
                on_blur=lambda label: EditorState.set_label(NODE.id, label),
                on_overtaken=EditorState.warn_overtaken,
                required=True,
                custom_attrs={"data-commit": "enter"},
            ),
            rx.el.button(
                icon("x"), class_name="icon-button", aria_label="Close", on_click=EditorState.select_on_canvas([])
            ),
            class_name="panel-title",
        ),
        rx.el.p(NODE.description, class_name="muted"),
        rx.el.p(rx.el.code(NODE.id), class_name="faint", title="The name by which other nodes read its output"),
        class_name="panel-head",
    )


def _field(view: rx.Var[FieldView]) -> rx.Component:
    return rx.el.div(
        rx.el.label(
            view.label,
            rx.cond(view.required, rx.el.span("*", class_name="required", title="Required")),
            class_name="field-label",
            html_for="field-" + view.name,
        ),
        rx.match(
            view.kind,
            ("select", _select(view)),
            ("boolean", _boolean(view)),
            ("key-value", _pairs(view)),
            ("number", _input(view)),  # as text: a number may also come from {{ }}
            ("text", _input(view)),
            ("secret", _input(view, type="password", auto_complete="off")),
            ("textarea", _textarea(view)),
            _textarea(view, is_code=True),
        ),
        rx.cond(view.problem != "", rx.el.span(view.problem, class_name="field-problem", role="alert")),
        rx.cond(view.help != "", rx.el.span(view.help, class_name="field-help")),
        class_name="field",
        key=view.name,
    )


def _input(view: rx.Var[FieldView], **props: str) -> rx.Component:
    return SharedInput.create(
        id="field-" + view.name,
        default_value=view.value,
        placeholder=view.placeholder,
        class_name=_input_class(view, "input"),
        on_blur=lambda text: EditorState.set_field(NODE.id, view.path, view.kind, text),
        on_overtaken=EditorState.warn_overtaken,
        custom_attrs=dict(COMMIT),
        **props,
    )


def _textarea(view: rx.Var[FieldView], *, is_code: bool = False) -> rx.Component:
    return SharedTextarea.create(
        id="field-" + view.name,
        default_value=view.value,
        placeholder=view.placeholder,
        class_name=_input_class(view, "input code" if is_code else "input"),
        rows="8" if is_code else "3",
        spell_check=not is_code,
        custom_attrs=dict(LIMIT),
        on_blur=lambda text: EditorState.set_field(NODE.id, view.path, view.kind, text),
        on_overtaken=EditorState.warn_overtaken,
    )


def _select(view: rx.Var[FieldView]) -> rx.Component:
    return rx.el.select(
        rx.foreach(view.options, lambda option: rx.el.option(option.label, value=option.value)),
        id="field-" + view.name,
        key=view.value,
        default_value=view.value,
        class_name=_input_class(view, "input"),
        on_change=lambda text: EditorState.set_field(NODE.id, view.path, view.kind, text),
    )


def _boolean(view: rx.Var[FieldView]) -> rx.Component:
    return rx.el.span(
        rx.el.input(
            type="checkbox",
            id="field-" + view.name,
            key=view.value,
            default_checked=view.value == "true",
            on_change=lambda on: EditorState.set_field(NODE.id, view.path, view.kind, rx.cond(on, "true", "false")),
        ),
        class_name="check",
    )


def _pairs(view: rx.Var[FieldView]) -> rx.Component:
    return rx.el.div(
        rx.foreach(view.pairs, lambda pair: _pair(view, pair)),
        _pair(view, None),
        class_name="pairs",
        id="field-" + view.name,
    )


def _pair(view: rx.Var[FieldView], pair: rx.Var[Pair] | None) -> rx.Component:
    if pair is None:
        return SharedInput.create(
            placeholder="Add a name",
            class_name="input",
            aria_label="New name in " + view.label,
            key="new-" + view.pairs.length().to(str),
            on_blur=lambda name: EditorState.add_pair(NODE.id, view.path, name),
            custom_attrs=COMMIT | {"data-adds-to": view.path},
        )
    return rx.el.div(
        rx.el.span(pair.key, class_name="mono truncate", title=pair.key),
        SharedInput.create(
            default_value=pair.value,
            class_name="input",
            aria_label=pair.key,
            on_blur=lambda text: EditorState.set_field(NODE.id, view.path + "/" + pair.key, "json", text),
            on_overtaken=EditorState.warn_overtaken,
            custom_attrs=COMMIT | {"data-place": view.path + "/" + pair.key},
        ),
        rx.el.button(
            icon("x", 14),
            class_name="icon-button",
            type="button",
            aria_label="Remove " + pair.key,
            on_click=EditorState.remove_pair(NODE.id, view.path, pair.key),
        ),
        class_name="pair",
        key=pair.key,
    )


def _outputs() -> rx.Component:
    return rx.cond(
        NODE.outputs.length() > 0,
        rx.el.section(
            rx.el.h2("Gives"),
            rx.el.dl(rx.foreach(NODE.outputs, _output), class_name="outputs"),
            class_name="panel-section",
        ),
    )


def _output(output: rx.Var[Choice]) -> rx.Component:
    return rx.el.div(
        rx.el.dt(rx.el.code("{{ " + NODE.id + "." + output.value + " }}")), rx.el.dd(output.label, class_name="faint")
    )


def _input_class(view: rx.Var[FieldView], base: str) -> rx.Var[str]:
    return base + rx.cond(view.problem != "", " invalid", "")
