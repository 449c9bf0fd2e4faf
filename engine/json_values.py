"""What may be kept: JSON values, and how the rest of Python becomes one or is refused.

The one definition for inputs, outputs, definitions and what comes over the API: databases refuse NUL and halves of
characters, JSON knows neither NaN nor infinity, and what is too deep or too long chokes whoever reads it.
"""

import json
import math
from datetime import date, time
from typing import Any

MAX_DEPTH = 100
LARGE = 20_000  # entries, or a hundred times as many characters
_COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
MAX_BITS = 1024  # far beyond any id or amount, far below what freezes a browser


class NotJson(ValueError):
    """A value that JSON can't hold; the message is the end of a sentence about it."""


class TooDeep(NotJson):
    """Nested deeper than anything a person would write."""


def to_json(value: Any) -> Any:
    """Return the value as JSON knows it: tuples and sets as lists, moments as ISO 8601 text; raise NotJson."""
    return _convert(value, 0)


def parse_json(text: str) -> Any:
    """Return what JSON text says, if it may be kept; raise NotJson."""
    try:
        return to_json(json.loads(text, parse_constant=_refuse_constant))
    except RecursionError:
        raise TooDeep(f"is nested more than {MAX_DEPTH} levels deep") from None
    except json.JSONDecodeError as error:
        raise NotJson(f"is not valid JSON: {error.msg} in line {error.lineno}, column {error.colno}") from None
    except NotJson:
        raise
    except ValueError:  # Python's own limit
        raise NotJson("holds a whole number of more than 300 digits") from None


def to_text(text: str) -> str:
    """Return the text with a replacement for each character that can't be kept."""
    if not text.isascii():
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.replace("\0", "\ufffd")


def size_of(value: Any) -> int:
    """The characters that a JSON value takes when it is written."""
    if is_large(value):  # piece by piece, so that other threads get their turn
        return sum(map(len, _COMPACT.iterencode(value)))
    return len(_COMPACT.encode(value))


def is_large(value: Any) -> bool:
    """Tell, without looking at all of it, whether to work through a value takes long enough to do it in a thread."""
    waiting, seen = [value], 0
    while waiting:
        match waiting.pop():
            case str(text):
                seen += len(text) // 100
            case dict(entries):
                seen += len(entries)
                waiting.extend(entries.values()) if seen < LARGE else None
            case list() | tuple() as items:
                seen += len(items)
                waiting.extend(items) if seen < LARGE else None
        if seen >= LARGE:
            return True
    return False


def _convert(value: Any, depth: int) -> Any:  # noqa: C901 - one arm a type
    if depth > MAX_DEPTH:
        raise TooDeep(f"is nested more than {MAX_DEPTH} levels deep")
    match value:
        case None | bool():
            return value
        case str():
            return _check_text(value)
        case int():
            return _check_int(value)
        case float():
            return _check_float(value)
        case dict():
            return {_check_key(key): _convert(item, depth + 1) for key, item in value.items()}
        case list() | tuple():
            return [_convert(item, depth + 1) for item in value]
        case set() | frozenset():
            return _sorted([_convert(item, depth + 1) for item in value])
        case date() | time():  # a datetime is a date
            return value.isoformat()
    raise NotJson(
        f"is or holds {_name_of(value)}, which can't be kept: turn it into text, a number, a list or an object"
    )


def _refuse_constant(name: str) -> Any:
    raise NotJson(f"holds {name}, which is not a number that JSON knows")


def _check_text(text: str) -> str:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise NotJson("holds half of a character (a lone surrogate)") from None
    if "\0" in text:
        raise NotJson("holds a NUL character")
    return text


def _check_int(number: int) -> int:
    if number.bit_length() > MAX_BITS:
        raise NotJson("is or holds a whole number of more than 300 digits")
    return number


def _check_float(number: float) -> float:
    if not math.isfinite(number):
        raise NotJson(f"is or holds {number}, which is not a number that JSON can hold")
    return number


def _check_key(key: Any) -> str:
    match key:
        case str():
            return _check_text(key)
        case bool() | None:
            raise NotJson(f"has the key {key}: the keys of an object are text")
        case int() | float():
            return str(_check_float(float(key)) if isinstance(key, float) else _check_int(key))
    raise NotJson(f"has a key that is {_name_of(key)}: the keys of an object are text")


def _sorted(items: list[Any]) -> list[Any]:
    """A set has no order; the same set should give the same list."""
    try:
        return sorted(items)
    except TypeError:
        return sorted(items, key=repr)


def _name_of(value: Any) -> str:
    name = type(value).__name__
    if name.startswith("Monty"):
        return f"{getattr(value, 'name', 'something')!r} (a class or a function)"
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"
