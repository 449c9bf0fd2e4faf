"""Plain paths such as `company.body.items[0].name`: where they lead, where they end, and which parts they need."""

from collections.abc import Iterable, Mapping
from typing import Any

from engine.errors import ExpressionError
from engine.names import FUNCTIONS
from engine.reader import Entries, Path

MAX_LISTED = 20


def walk(path: Path, names: Mapping[str, Any]) -> Any:
    """Return what a path leads to, if only to some entries; raise ExpressionError that says what is there instead."""
    name, *keys = path
    try:
        value = names[str(name)]
    except KeyError:
        raise unknown_name(str(name), names) from None
    for depth, key in enumerate(keys, 1):
        if isinstance(key, Entries):
            break
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            raise ExpressionError(_dead_end(show_path(path[:depth]), key, value)) from None
    return value


def show_path(path: Path) -> str:
    """Write a path as a person would."""
    name, *keys = path
    parts = [f".{key}" if isinstance(key, str) and key.isidentifier() else f"[{key!r}]" for key in keys]
    return "".join([str(name), *parts])


def unknown_name(name: str, names: Iterable[str]) -> ExpressionError:
    """Say which names there are instead of one that isn't there."""
    if name in FUNCTIONS:
        return ExpressionError(f"{name} is a function: write {name}().")
    return ExpressionError(f"There is no {name!r} here; there is: {list_names(names)}.")


def why_dead(path: Path, names: Mapping[str, Any]) -> str | None:
    """Return where a path ends before its time, None if it doesn't."""
    try:
        walk(path, names)
    except ExpressionError as error:
        return error.message
    return None


def read_parts(reads: Iterable[Path], names: Mapping[str, Any]) -> dict[str, Any]:
    """Return, for each name that is read, only the fields that are."""
    wanted: dict[str, list[Path]] = {}
    for name, *keys in reads:
        if name in names:
            wanted.setdefault(str(name), []).append(tuple(keys))
    return {name: prune(names[name], paths) for name, paths in wanted.items()}


def prune(value: Any, paths: Iterable[Path]) -> Any:
    """Keep of an object the fields on the paths; lists and what is read as a whole stay whole."""
    paths = list(paths)
    if not isinstance(value, dict) or any(not path or not isinstance(path[0], str) for path in paths):
        return value
    wanted: dict[str, list[Path]] = {}
    for key, *rest in paths:
        if key in value:
            wanted.setdefault(str(key), []).append(tuple(rest))
    return {key: prune(value[key], rest) for key, rest in wanted.items()}


def read_indexes(paths: Iterable[Path], count: int) -> dict[int, list[Path]]:
    """Return which entries of a list are read, and of each the paths on from there."""
    indexes: dict[int, list[Path]] = {}
    for key, *rest in paths:
        match key:
            case Entries(start, stop):
                found: Iterable[int] = range(count)[start:stop]
            case int():
                found = range(count)[key : key + 1 or None]
            case _:
                found = ()
        for index in found:
            indexes.setdefault(index, []).append(tuple(rest))
    return indexes


def _dead_end(where: str, key: str | int, value: Any) -> str:
    match value, key:
        case dict(), str():
            return f"{where} has no field {key!r}; it has: {list_names(value)}"
        case list(), int():
            return f"{where} has no entry {key}; it has {len(value)}"
        case None, _:
            return f"{where} is null, so it has no {key!r}"
        case list(), _:
            return f"{where} is a list, so it has no field {key!r}; take an entry first, as in {where}[0]"
        case dict(), _:
            return f"{where} is an object, so it has no entry {key}; it has: {list_names(value)}"
    kind = {"str": "text", "bool": "true or false", "int": "a number", "float": "a number"}.get(type(value).__name__)
    return f"{where} is {kind or type(value).__name__}, so it has no {key!r}"


def list_names(names: Iterable[str]) -> str:
    known = [str(name)[:60] for name in names]
    more = f", and {len(known) - MAX_LISTED} more" if len(known) > MAX_LISTED else ""
    return (", ".join(known[:MAX_LISTED]) or "nothing") + more
