"""Two lists made one: one after the other, entry by entry, or by a field that both have."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from engine.sdk import StepContext, StepError
from plugins.logic.values import check_list, kind_of

MAX_ROWS = 1_000_000
Row = dict[str, Any]
Pair = tuple[Row | None, Row | None]


async def merge(context: StepContext, *, mode: str, left: Any, right: Any, key: Any, join: str) -> list[Any]:
    """Give one list; where two entries become one, the fields of the right one win."""
    lefts, rights = check_list(left, "Left", "left"), check_list(right, "Right", "right")
    match mode:
        case "append":
            return [*lefts, *rights]
        case "by_key" if not isinstance(key, str) or not key.strip():
            raise StepError("Key must be the name of a field that both lists have.", field="key")
    return await asyncio.to_thread(_join, lefts, rights, key if mode == "by_key" else None, join)


def _join(lefts: list[Any], rights: list[Any], key: str | None, join: str) -> list[Row]:
    lefts, rights = _check_rows(lefts, "left"), _check_rows(rights, "right")
    pairs = zip_longest(lefts, rights) if key is None else _pair_by_key(lefts, rights, key)
    return [{**(one or {}), **(other or {})} for one, other in pairs if _is_kept(one, other, join)]


def _is_kept(one: Row | None, other: Row | None, join: str) -> bool:
    match join:
        case "inner":
            return one is not None and other is not None
        case "left":
            return one is not None
    return True


def _pair_by_key(lefts: list[Row], rights: list[Row], key: str) -> Iterator[Pair]:
    """Pair all that have the same value, in the order of the left list; those without a partner have None."""
    left_keys, right_keys = _keys_of(lefts, key, "left"), _keys_of(rights, key, "right")
    partners: dict[Any, list[Row]] = defaultdict(list)
    for value, row in zip(right_keys, rights, strict=True):
        if value is not None:
            partners[value].append(row)
    if (count := sum(len(partners.get(value, ())) for value in left_keys)) > MAX_ROWS:
        message = f"{key!r} has the same value so often that this gives {count:,} entries; the most is {MAX_ROWS:,}."
        raise StepError(message, field="key")
    for value, row in zip(left_keys, lefts, strict=True):
        yield from ((row, partner) for partner in partners.get(value, [None]))
    known = set(left_keys) - {None}
    yield from ((None, row) for value, row in zip(right_keys, rights, strict=True) if value not in known)


def _keys_of(rows: list[Row], key: str, field: str) -> list[Any]:
    """What each row is found by: null is no value that two could have in common, and True isn't 1."""
    keys = []
    for place, row in enumerate(rows):
        if key not in row:
            there = ", ".join(list(row)[:10]) or "no fields"
            raise StepError(f"Entry {place} of {field} has no field {key!r}; it has: {there}.", field=field)
        if isinstance(value := row[key], dict | list):
            message = f"{key!r} in entry {place} of {field} is {kind_of(value)}: only text and numbers can be compared."
            raise StepError(message, field=field)
        keys.append(None if value is None else (isinstance(value, bool), value))
    return keys


def _check_rows(items: list[Any], field: str) -> list[Row]:
    for place, item in enumerate(items):
        if not isinstance(item, dict):
            message = (
                f"Entry {place} of {field} is {kind_of(item)}, but only objects can be merged: append them instead."
            )
            raise StepError(message, field=field)
    return items
