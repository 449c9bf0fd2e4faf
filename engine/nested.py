"""Sets or removes a value deep inside an object, and says how to undo it."""

from typing import Any


class NoPlace(Exception):
    """The path leads nowhere; the message says why."""


def set_in(data: Any, path: list[Any], value: Any, is_removal: bool) -> tuple[Any, dict[str, Any]]:
    """Return data with the value set, and the rest of the op that undoes it: {} when nothing changed."""
    key, *rest = path
    if isinstance(data, list) and isinstance(key, int) and not isinstance(key, bool) and 0 <= key < len(data):
        return _set_entry(list(data), key, rest, data[key], value, is_removal)
    if not isinstance(data, dict) or not isinstance(key, str):
        raise NoPlace(f"There is no place for {str(key)[:40]!r}: what holds it is not an object.")
    if key in data:
        return _set_entry(dict(data), key, rest, data[key], value, is_removal)
    if is_removal:
        return data, {}
    for missing in reversed(rest):
        if not isinstance(missing, str):
            raise NoPlace(f"There is no entry {missing!r} in a list that doesn't exist.")
        value = {missing: value}
    return {**data, key: value}, {"path": [key], "remove": True}


def _set_entry(
    copy: Any, key: str | int, rest: list[Any], old: Any, value: Any, is_removal: bool
) -> tuple[Any, dict[str, Any]]:
    if rest and old is not None:
        copy[key], undo = set_in(old, rest, value, is_removal)
        return copy, {**undo, "path": [key, *undo["path"]]} if undo else {}
    if rest and is_removal:
        return copy, {}
    if is_removal and isinstance(key, str):
        del copy[key]
        return copy, {"path": [key], "value": old}
    if is_removal:
        raise NoPlace("To remove an entry of a list, set the list.")
    for missing in reversed(rest):
        value = {str(missing): value}
    copy[key] = value
    return copy, {"path": [key], "value": old}
