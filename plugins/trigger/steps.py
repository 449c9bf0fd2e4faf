"""The manual trigger: checks the input against its form."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from engine.sdk import StepContext, StepError


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


TYPES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "text": ("text", lambda value: isinstance(value, str)),
    "string": ("text", lambda value: isinstance(value, str)),
    "number": ("a number", _is_number),
    "integer": ("a whole number", lambda value: _is_number(value) and value == int(value)),
    "boolean": ("true or false", lambda value: isinstance(value, bool)),
    "object": ("an object", lambda value: isinstance(value, dict)),
    "list": ("a list", lambda value: isinstance(value, list)),
    "array": ("a list", lambda value: isinstance(value, list)),
    "json": ("a value", lambda value: True),
}


async def start_manually(context: StepContext, *, fields: list[dict[str, Any]] | None) -> dict[str, Any]:
    """Give the input, with the form's defaults for what is missing."""
    given = {} if context.trigger_input is None else context.trigger_input
    if not isinstance(given, dict):
        raise StepError('The input of this workflow must be an object, such as {"name": "Ada"}.')
    checked = dict(given)
    for field in _read_form(fields):
        name = str(field["name"])
        value = checked.get(name, field.get("default"))
        if value is not None:
            _check_type(name, str(field.get("type") or "text"), value)
        elif field.get("required"):
            raise StepError(f"The input needs {name!r}.", field="fields")
        checked[name] = value
    return checked


def check_form(inputs: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the form, whatever JSON it is."""
    try:
        _read_form(inputs.get("fields"))
    except StepError as error:
        yield "fields", error.message


def _read_form(fields: Any) -> list[dict[str, Any]]:
    form = fields or []
    if not isinstance(form, list) or not all(isinstance(field, dict) and field.get("name") for field in form):
        raise StepError("The input form must be a list of fields, each with a name and a type.", field="fields")
    return form


def _check_type(name: str, type_: str, value: Any) -> None:
    words, fits = TYPES.get(type_, TYPES["json"])
    if not fits(value):
        raise StepError(f"The input {name!r} must be {words}.", field="fields")
