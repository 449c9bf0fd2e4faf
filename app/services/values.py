"""Checks what comes from outside before anything is done with it."""

from typing import Any

from app.errors import Invalid
from engine import json_values
from engine.json_values import NotJson, to_json


class TooDeep(Invalid):
    """Nested deeper than anything a person would write."""

    status = 400


def check_text(value: str, field: str, *, label: str, max_length: int) -> str:
    """Return the text without the space around it; raise Invalid when it is empty, too long or not plain text."""
    text = value.strip()
    if not text:
        raise invalid_field(field, f"{label} is required.")
    if len(text) > max_length:
        raise invalid_field(field, f"{label} must have at most {max_length:,} characters.")
    if any(ord(character) < 32 or ord(character) == 127 for character in text) or not is_storable(text):
        raise invalid_field(field, f"{label} contains a character that can't be saved. Remove it.")
    return text


def check_json(value: Any) -> None:
    """Raise Invalid for a value that can't be saved everywhere."""
    try:
        to_json(value)
    except json_values.TooDeep as error:
        raise TooDeep(f"The data {error}.") from error
    except NotJson as error:
        raise Invalid(f"The data {error}.") from error


def is_storable(text: str) -> bool:
    """Whether every database can hold the text."""
    try:
        to_json(text)
    except NotJson:
        return False
    return True


def as_query(text: str) -> str:
    """A text to look for: PostgreSQL refuses NUL even in a question, and no saved text holds one."""
    return text.replace("\0", "\ufffd").strip()


def invalid_field(field: str, message: str) -> Invalid:
    """The error for one field of a form."""
    return Invalid(message, [{"node": None, "field": field, "message": message}])
