"""What stands for a value that is too large for the log and for memory: where it is, and what it looks like."""

from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

PREVIEW = 4_000  # characters
MAX_SHOWN = 20  # entries, of each list and object
Kind = Literal["list", "object", "text", "value"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A value in the file store; `size` is in characters of JSON, `count` in entries, fields or characters."""

    execution_id: str
    id: str
    size: int
    kind: Kind
    count: int
    preview: Any = None


def describe(stored: Stored) -> dict[str, Any]:
    """Return as JSON where a value is; its preview is kept beside it."""
    names = ("execution_id", "id", "size", "kind", "count")
    return {name: getattr(stored, name) for name in names}


def stored_from(description: dict[str, Any], preview: Any = None) -> Stored:
    """Return what `describe` described."""
    return Stored(**description, preview=preview)


def kind_of(value: Any) -> Kind:
    """Say in a word what a value is."""
    match value:
        case list():
            return "list"
        case dict():
            return "object"
        case str():
            return "text"
    return "value"


def make_preview(value: Any, room: int = PREVIEW) -> Any:
    """Return the beginning of a value, about as many characters as there is room; each entry gets its share."""
    match value:
        case Stored(preview=shown):
            return make_preview(shown, room)
        case str() if len(value) > room:
            return f"{value[: max(room, 0)]}…"
        case dict() | list() if value:
            if not (count := min(len(value), MAX_SHOWN, room // 10)):
                return "…"
            share = room // count
            if isinstance(value, list):
                return [make_preview(item, share) for item in value[:count]]
            return {key[:share]: make_preview(item, share - len(key)) for key, item in islice(value.items(), count)}
    return value
