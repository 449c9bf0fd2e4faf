"""Transforms on objects and lists; each evaluates its expression for all entries in one go."""

import asyncio
from heapq import merge
from typing import Any

from engine.sdk import StepContext, StepError

STRETCH = 10_000


async def set_fields(context: StepContext, *, fields: dict[str, Any]) -> dict[str, Any]:
    """Give the fields as they are."""
    if not isinstance(fields, dict):
        raise StepError("The fields must be an object of names and values.", field="fields")
    return fields


async def filter_items(context: StepContext, *, items: Any, condition: str) -> list[Any]:
    """Keep the entries for which the condition is true."""
    entries = _check_list(items)
    kept = await context.evaluate(condition, field="condition", each=entries)
    for index, value in enumerate(kept):
        if not isinstance(value, bool):
            message = f"The condition must give true or false, but for entry {index} it gave {value!r:.80}."
            raise StepError(message, kind="not_a_bool", field="condition")
    return [entry for entry, keep in zip(entries, kept, strict=True) if keep]


async def sort(context: StepContext, *, items: Any, by: str | None, order: str) -> list[Any]:
    """Sort by a value of each entry; equal ones keep their order."""
    entries = _check_list(items)
    keys = await _values(context, entries, by, field="by")
    try:
        places = await asyncio.to_thread(_order, keys, is_descending=order == "descending")
    except TypeError:
        raise StepError("These entries can't be compared: give a value of one kind in By.", field="by") from None
    return [entries[place] for place in places]


def _order(keys: list[Any], *, is_descending: bool) -> list[int]:
    """The places of the keys in their order; in stretches, as Python's own sort lets nobody else have a turn."""
    stretches = [
        sorted(range(len(keys))[start : start + STRETCH], key=keys.__getitem__, reverse=is_descending)
        for start in range(0, len(keys), STRETCH)
    ]
    return list(merge(*stretches, key=keys.__getitem__, reverse=is_descending))


async def limit(context: StepContext, *, items: Any, count: int) -> list[Any]:
    """Keep the first entries."""
    return _check_list(items)[:count]


async def split(context: StepContext, *, items: Any, size: int) -> list[list[Any]]:
    """Cut the list into lists of the size; the last one may be shorter."""
    entries = _check_list(items)
    return [entries[start : start + size] for start in range(0, len(entries), size)]


async def aggregate(context: StepContext, *, items: Any, operation: str, value: str | None) -> Any:
    """Make one value of the entries."""
    entries = _check_list(items)
    if operation == "count":
        return len(entries)
    values = await _values(context, entries, value, field="value")
    if operation == "list":
        return values
    if not values and operation != "sum":
        raise StepError(f"An empty list has no {operation}.", field="items")
    try:
        return _compute(operation, values)
    except (TypeError, OverflowError):
        raise StepError(f"These values have no {operation}: they must all be numbers.", field="value") from None


def _compute(operation: str, values: list[Any]) -> Any:
    match operation:
        case "min":
            return min(values)
        case "max":
            return max(values)
        case "average":
            return sum(values) / len(values)
    return sum(values)


async def _values(context: StepContext, entries: list[Any], source: str | None, *, field: str) -> list[Any]:
    if not source or not source.strip():
        return entries
    values: list[Any] = await context.evaluate(source, field=field, each=entries)
    return values


def _check_list(items: Any) -> list[Any]:
    if not isinstance(items, list):
        raise StepError(f"This needs a list, but it got {_kind(items)}.", field="items")
    return items


def _kind(value: Any) -> str:
    match value:
        case None:
            return "nothing"
        case dict():
            return f"an object with the fields {', '.join(list(value)[:10])}"
        case str():
            return "text"
    return f"{value!r:.40}"
