"""What the panel shows of a node, made from the definition, its problems and the step's fields."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.pages.editor.values import show_value
from engine.field_problems import is_on
from engine.sdk import Field, Step


@dataclass
class Choice:
    """One option of a select."""

    value: str = ""
    label: str = ""


@dataclass
class Pair:
    """One line of a key-value input."""

    key: str = ""
    value: str = ""


@dataclass
class FieldView:
    """One input of the panel. `path` is where its value stands in the node's data, joined by `/`."""

    name: str = ""
    path: str = ""
    label: str = ""
    kind: str = "text"
    required: bool = False
    help: str = ""
    placeholder: str = ""
    value: str = ""
    options: list[Choice] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)
    problem: str = ""


@dataclass
class NodeView:
    """The selected node, as the panel shows it; without an id there is none. `key` stays when it gets another id."""

    id: str = ""
    key: str = ""
    label: str = ""
    action: str = ""
    step: str = ""
    description: str = ""
    is_enabled: bool = True
    fields: list[FieldView] = field(default_factory=list)
    outputs: list[Choice] = field(default_factory=list)
    problem: str = ""


def view_node(node: Mapping[str, Any], steps: Mapping[str, Step], problems: Sequence[Mapping[str, Any]]) -> NodeView:
    """The panel of one node; an action that isn't installed has no form, and a draft may hold anything."""
    data = _object(node.get("data"))
    action = str(data.get("action", ""))
    step = steps.get(action)
    found = {
        problem.get("field") or "": problem["message"] for problem in problems if problem.get("node") == node["id"]
    }
    return NodeView(
        id=node["id"],
        key=node["id"],
        label=_label(data) or node["id"],
        action=action,
        step=step.label if step else action,
        description=step.description if step else "",
        is_enabled=data.get("enabled") is not False,
        fields=_view_fields(step, _object(data.get("inputs")), found) if step else [],
        outputs=[Choice(output.name, output.description) for output in step.outputs] if step else [],
        problem=found.get("", "") or found.get("action", ""),
    )


def shown_text(view: NodeView, path: str) -> str | None:
    """The text that the panel shows for a path; None for one that it doesn't show."""
    for field_view in view.fields:
        if path == field_view.path:
            return field_view.value
        if path.startswith(f"{field_view.path}/"):
            key = path.removeprefix(f"{field_view.path}/")
            return next((pair.value for pair in field_view.pairs if pair.key == key), None)
    return None


def _label(data: Mapping[str, Any]) -> str:
    label = data.get("label")
    return label if isinstance(label, str) else ""


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _view_fields(step: Step, inputs: Mapping[str, Any], problems: Mapping[str, str]) -> list[FieldView]:
    return [_view_field(field, inputs, problems) for field in step.fields if is_on(step, field.show_when, inputs)]


def _view_field(field: Field, inputs: Mapping[str, Any], problems: Mapping[str, str]) -> FieldView:
    value = inputs.get(field.name, field.default)
    return FieldView(
        name=field.name,
        path=f"inputs/{field.name}",
        label=field.label,
        kind=field.kind,
        required=field.required,
        help=field.help,
        placeholder=field.placeholder,
        value=show_value(value),
        options=[Choice(option.value, option.label) for option in field.options],
        pairs=[Pair(key, show_value(held)) for key, held in value.items()] if isinstance(value, dict) else [],
        problem=problems.get(field.name, ""),
    )
