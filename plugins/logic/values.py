"""What the steps were given, checked before they work with it."""

from typing import Any

from engine.sdk import StepError


def check_list(value: Any, label: str, field: str) -> list[Any]:
    """Return a list; raise StepError that says what is there instead."""
    if not isinstance(value, list):
        raise StepError(f"{label} must be a list, but it is {kind_of(value)}.", field=field)
    return value


def kind_of(value: Any) -> str:
    """Say in words what a JSON value is."""
    match value:
        case None:
            return "null"
        case dict():
            return f"an object with the fields {', '.join(list(value)[:10])}" if value else "an empty object"
        case list():
            return "a list"
        case str():
            return "text"
        case bool():
            return "true or false"
    return "a number"
