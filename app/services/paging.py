"""Lists in pages: each ends with a cursor that says where the next begins."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from app.errors import Invalid
from app.services.values import is_storable

T = TypeVar("T")
MAX_LIMIT = 200


@dataclass(frozen=True, kw_only=True)
class Page(Generic[T]):
    """A part of a list; `next_cursor` is None at its end."""

    items: list[T]
    next_cursor: str | None = None


def check_limit(limit: int) -> int:
    """Return the limit; raise Invalid when it is out of range."""
    if not 1 <= limit <= MAX_LIMIT:
        raise Invalid(f"limit must be from 1 to {MAX_LIMIT}.")
    return limit


def write_cursor(*position: Any) -> str:
    """Hide a position in the list in an opaque text."""
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode().rstrip("=")


def read_cursor(cursor: str | None, *, types: Sequence[type]) -> list[Any] | None:
    """Find the position in a cursor; raise Invalid for one that we haven't made."""
    if cursor is None:
        return None
    try:
        position = json.loads(base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error, RecursionError) as error:
        raise _bad_cursor() from error
    if not isinstance(position, list) or [type(part) for part in position] != list(types):
        raise _bad_cursor()
    if not all(is_storable(part) for part in position if isinstance(part, str)):
        raise _bad_cursor()
    return position


def _bad_cursor() -> Invalid:
    return Invalid("cursor is not one that this list has given. Leave it out to start at the beginning.")
