"""What is wrong with the inputs of a node, by its step's form."""

from collections.abc import Iterator, Mapping
from typing import Any

from engine.json_values import NotJson, parse_json
from engine.sdk import Field, Step
from engine.template import has_holes

TEXT_KINDS = frozenset({"text", "textarea", "secret", "code", "expression", "cron"})


def find_input_problems(step: Step, inputs: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (field, message) for each input that is missing or can't be right whatever its expressions give."""
    found = dict(_find_field_problems(step, inputs))
    yield from found.items()
    if step.check:
        yield from ((name, message) for name, message in step.check(inputs) if name not in found)


def _find_field_problems(step: Step, inputs: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for field in step.fields:
        if not is_on(step, field.show_when, inputs):
            continue
        value = inputs.get(field.name, field.default)
        if _is_missing(field, value):
            if field.required:
                yield field.name, f"{field.label} is required."
        elif message := _check_kind(step, field, value, inputs):
            yield field.name, message


def is_on(step: Step, condition: tuple[str, str] | None, inputs: Mapping[str, Any]) -> bool:
    """Tell whether another field has the value, or one of several with `|` between, that a condition asks for."""
    if condition is None:
        return True
    name, wanted = condition
    default = next((field.default for field in step.fields if field.name == name), None)
    given = default if inputs.get(name) is None else inputs[name]
    return str(given).lower() in wanted.lower().split("|")


def _is_missing(field: Field, value: Any) -> bool:
    """Tell whether nothing was given: null, blank text, no entries; but as JSON an empty list is a list."""
    if isinstance(value, str):
        return not value.strip()
    return value is None or (field.kind != "json" and value in ([], {}))


def _check_kind(step: Step, field: Field, value: Any, inputs: Mapping[str, Any]) -> str | None:
    """Return why a value doesn't fit its field; what an expression will give isn't known yet."""
    if isinstance(value, str) and has_holes(value) and field.binding != "source":
        return None
    is_json = field.binding == "json" and is_on(step, field.binding_when, inputs)
    if isinstance(value, str) and not field.allows_text and (is_json or field.kind in {"json", "schema"}):
        return _check_json(field.label, value)
    match field.kind:
        case "select" if value not in (choices := [option.value for option in field.options]):
            return f"{field.label} must be one of {', '.join(choices)}."
        case "number" if not fits_number(field, value):
            return f"{field.label} must be {describe_number(field)}."
        case "boolean" if str(value).lower() not in {"true", "false"}:
            return f"{field.label} must be true or false."
        case "key-value" if not isinstance(value, dict):
            return f"{field.label} must be a list of names and values."
        case kind if kind in TEXT_KINDS and isinstance(value, dict | list) and field.binding != "json":
            return f"{field.label} must be text."
    return None


def fits_number(field: Field, value: Any) -> bool:
    """Tell whether a value, or what it is as text, is a number that the field allows."""
    if not is_number(value):
        return False
    number = float(value)
    is_within = (field.minimum is None or number >= field.minimum) and (
        field.maximum is None or number <= field.maximum
    )
    return is_within and (number.is_integer() or not field.is_whole)


def describe_number(field: Field) -> str:
    """Say which numbers a field allows."""
    kind = "a whole number" if field.is_whole else "a number"
    low = "" if field.minimum is None else f" from {field.minimum:,}"
    return kind + low + ("" if field.maximum is None else f" up to {field.maximum:,}")


def is_number(value: Any) -> bool:
    """Tell whether a value is a number, or text that is one."""
    try:
        return not isinstance(value, bool) and abs(float(value)) < float("inf")
    except (TypeError, ValueError, OverflowError):
        return False


def _check_json(label: str, text: str) -> str | None:
    try:
        parse_json(text)
    except NotJson as error:
        return f"{label} {error}."
    return None
