"""What may be kept: JSON values, and how the rest of Python becomes one or is refused.

The one definition for inputs, outputs, definitions and what comes over the API: databases refuse NUL and halves of
characters, JSON knows neither NaN nor infinity, and what is too deep or too long chokes whoever reads it.
"""

import json
import math
from collections.abc import Callable, Iterable, Iterator
from datetime import date, time
from operator import is_
from typing import Any

MAX_DEPTH = 100
LARGE = 20_000  # entries, or a hundred times as many characters
STRETCH = 100  # entries
_COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_CONTAINERS = frozenset({dict, list, tuple})
MAX_ROOM = 64 * 1024 * 1024  # characters; twice what is kept, so that it is measured exactly up to there
MAX_BITS = 1024  # far beyond any id or amount, far below what freezes a browser


class NotJson(ValueError):
    """A value that JSON can't hold; the message is the end of a sentence about it."""


class TooDeep(NotJson):
    """Nested deeper than anything a person would write."""


class Room:
    """How much may still come; a list that holds the same one twice, and so on, has no end although it is small."""

    __slots__ = ("left",)

    def __init__(self, characters: int = MAX_ROOM) -> None:
        self.left = characters

    def take(self, characters: int) -> None:
        self.left -= characters
        if self.left < 0:
            raise NotJson("is far too large: take less at a time")


def to_json(value: Any, room: Room | None = None) -> Any:
    """Return the value as JSON knows it: tuples as lists, moments as ISO 8601 text; raise NotJson.

    What is JSON already is returned as it is and not copied. Several values may have to share the room.
    """
    room = room or Room()
    converted = _convert(value, 0, room)
    room.take(0)
    return converted


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
    return sum(map(len, write_json(value)))


def size_if_small(value: Any) -> int | None:
    """The same of a value that is not large, and None of one that is."""
    return None if is_large(value) else len(_COMPACT.encode(value))


def write_json(value: Any) -> Iterator[str]:
    """Yield the text of a JSON value in pieces, so that other threads get their turn between them."""
    if not is_large(value):
        yield _COMPACT.encode(value)
        return
    match value:
        case dict(entries):
            yield from _enclose("{", (_write_field(key, item) for key, item in entries.items()), "}")
        case list(items):
            yield from _enclose("[", _write_items(items), "]")
        case _:
            yield _COMPACT.encode(value)


def is_large(value: Any) -> bool:
    """Tell, without looking at all of it, whether to work through a value takes long enough to do it in a thread."""
    waiting, seen = [value], 0
    while waiting and seen < LARGE:
        value = waiting.pop()
        kind = type(value)  # matching takes three times as long
        if kind in _CONTAINERS:
            seen += len(value)
            waiting.extend(value.values() if kind is dict else value) if seen < LARGE else None
        elif kind is str:
            seen += len(value) // 100
    return seen >= LARGE


def is_same(values: Iterable[Any], others: Iterable[Any]) -> bool:
    """Tell whether these are the very same objects, so that a copy can be dropped."""
    return all(map(is_, values, others))


def _enclose(begin: str, parts: Iterable[Iterator[str]], end: str) -> Iterator[str]:
    yield begin
    for place, part in enumerate(parts):
        if place:
            yield ","
        yield from part
    yield end


def _write_field(key: str, value: Any) -> Iterator[str]:
    yield f"{_COMPACT.encode(key)}:"
    yield from write_json(value)


def _write_items(items: list[Any]) -> Iterator[Iterator[str]]:
    """Write many small entries in one go."""
    for start in range(0, len(items), STRETCH):
        stretch = items[start : start + STRETCH]
        if is_large(stretch):
            yield from map(write_json, stretch)
        else:
            yield iter((_COMPACT.encode(stretch)[1:-1],))


def _convert(value: Any, depth: int, room: Room) -> Any:  # noqa: C901 - one arm a type
    if check := _SCALARS.get(type(value)):
        if type(value) is str:
            room.left -= len(value)  # whether that was too much shows at the next list
        return check(value)
    if depth > MAX_DEPTH:
        raise TooDeep(f"is nested more than {MAX_DEPTH} levels deep")
    if type(value) in _CONTAINERS:
        room.take(2 + 2 * len(value))
    match value:
        case str():
            return _check_text(value)
        case int():
            return _check_int(value)
        case float():
            return _check_float(value)
        case dict():
            entries = {_check_key(key): _convert(item, depth + 1, room) for key, item in value.items()}
            room.left -= sum(map(len, entries))
            kept = type(value) is dict and is_same(value, entries) and is_same(value.values(), entries.values())
            return value if kept else entries
        case list() | tuple():
            items = [_convert(item, depth + 1, room) for item in value]
            return value if type(value) is list and is_same(value, items) else items
        case date() | time():  # a datetime is a date
            return value.isoformat()
    raise NotJson(f"is or holds {_name_of(value)}, which can't be kept: {_advice(value)}")


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


_SCALARS: dict[type, Callable[[Any], Any]] = {
    str: _check_text,
    int: _check_int,
    float: _check_float,
    bool: lambda value: value,
    type(None): lambda value: value,
}


def _advice(value: Any) -> str:
    match value:
        case set() | frozenset():  # it has no order that would be the same each time
            return "make it a list, as in sorted(…)"
        case bytes():
            return "make it text, as in .decode()"
    return "turn it into text, a number, a list or an object"


def _name_of(value: Any) -> str:
    name = type(value).__name__
    if name == "bytes":
        return name
    if name.startswith("Monty"):
        return f"{getattr(value, 'name', 'something')!r} (a class or a function)"
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"
