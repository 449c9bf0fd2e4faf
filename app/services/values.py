"""Checks what comes from outside before anything is done with it."""

import math
from typing import Any

from app.errors import Invalid

MAX_DEPTH = 200


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
    """Raise Invalid for a JSON value that can't be saved everywhere: too deep, NUL, half a character, infinity."""
    level, depth = [value], 0
    while level:
        if (depth := depth + 1) > MAX_DEPTH:
            raise TooDeep(f"The data is nested more than {MAX_DEPTH} levels deep.")
        for item in level:
            _check_leaf(item)
        level = [child for item in level for child in _children(item)]


def is_storable(text: str) -> bool:
    """Neither NUL, which PostgreSQL refuses, nor half of a surrogate pair, which is no character."""
    if text.isascii():
        return "\0" not in text
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def as_query(text: str) -> str:
    """A text to look for: PostgreSQL refuses NUL even in a question, and no saved text holds one."""
    return text.replace("\0", "\ufffd").strip()


def invalid_field(field: str, message: str) -> Invalid:
    """The error for one field of a form."""
    return Invalid(message, [{"node": None, "field": field, "message": message}])


def _children(item: Any) -> list[Any]:
    match item:
        case dict():
            return [*item.keys(), *item.values()]
        case list():
            return item
    return []


def _check_leaf(item: Any) -> None:
    match item:
        case str() if not is_storable(item):
            raise Invalid("The data contains a character that can't be saved (NUL or half a character). Remove it.")
        case float() if not math.isfinite(item):
            raise Invalid("The data contains a number that JSON doesn't know (NaN or Infinity).")
