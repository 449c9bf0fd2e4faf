"""What a database gave, as rows of JSON: nothing lost, nothing larger than a step may give."""

import base64
import math
from collections.abc import Iterable, Sequence
from datetime import date, time
from decimal import Decimal
from typing import Any, Protocol

from engine.sdk import StepError

MAX_BYTES = 10 * 1024 * 1024


class Cursor(Protocol):
    """Names the columns once the first row is there; the rest is the driver's."""

    @property
    def description(self) -> Sequence[Sequence[Any]] | None: ...


def take_rows(cursor: Cursor, rows: Iterable[Sequence[Any]], max_rows: int, *, is_read_only: bool) -> list[Any]:
    """Return the first rows as objects. A statement that writes is read to its end, or it would be undone."""
    taken: list[dict[str, Any]] = []
    names: list[str] = []
    size = 0
    for row in rows:
        if len(taken) == max_rows:
            if is_read_only:
                break
            continue
        names = names or _read_names(cursor)
        values = [to_value(value) for value in row]
        if (size := size + sum(map(_size, values))) > MAX_BYTES:
            raise StepError(
                f"The rows hold more than {MAX_BYTES // 1024**2} MB: ask for fewer rows or columns.", kind="too_large"
            )
        taken.append(dict(zip(names, values, strict=True)))
    return taken


def to_value(value: Any) -> Any:
    """A number stays one where no digit is lost; bytes become base64, and what JSON doesn't know text."""
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case Decimal():
            return _to_number(value)
        case date() | time():  # a datetime is a date
            return value.isoformat()
        case bytes() | bytearray() | memoryview():
            return base64.b64encode(value).decode()
        case dict():
            return {str(key): to_value(item) for key, item in value.items()}
        case list() | tuple() | set():
            return [to_value(item) for item in value]
    return str(value)


def _to_number(value: Decimal) -> int | float | str:
    if not value.is_finite():
        return str(value)
    if value == value.to_integral_value() and value.adjusted() < 300:
        return int(value)
    number = float(value)
    return number if Decimal(repr(number)) == value else str(value)


def _read_names(cursor: Cursor) -> list[str]:
    names = [str(column[0]) for column in cursor.description or ()]
    for name in names:
        if names.count(name) > 1:
            raise StepError(f"Two columns are called {name}: give one another name with AS.", field="query")
    return names


def _size(value: Any) -> int:
    return len(value) if isinstance(value, str) else len(str(value))
