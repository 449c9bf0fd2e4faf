"""Hands values to a session of the sandbox in pieces: Python's lock is held while one is handed over."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic_monty import MontySession

from engine.json_values import is_large

PIECE = 1_000  # entries


def feed_large(session: MontySession, values: Mapping[str, Any]) -> dict[str, Any]:
    """Make of each large value a variable of the session; return the others."""
    small = {}
    for name, value in values.items():
        if isinstance(value, dict | list) and is_large(value):
            session.feed_run("__open__ = []")
            _open(session, value)
            session.feed_run(f"{name} = __open__.pop()")
        else:
            small[name] = value
    return small


def in_pieces(items: Sequence[Any], length: int = PIECE) -> Iterator[Sequence[Any]]:
    """Cut a list into pieces that take a moment each; only a single entry may take longer."""
    for start in range(0, len(items), length):
        piece = items[start : start + length]
        if length > 1 and is_large(piece):
            yield from in_pieces(piece, max(1, length // 10))
        else:
            yield piece


def _open(session: MontySession, value: Any) -> None:
    """Leave a value at the end of those that are open."""
    if not isinstance(value, dict | list) or not is_large(value):
        session.feed_run("__open__.append(__piece__)", inputs={"__piece__": value})
        return
    session.feed_run("__open__.append([])" if isinstance(value, list) else "__open__.append({})")
    for piece in in_pieces(value if isinstance(value, list) else list(value.items())):
        if isinstance(value, list):
            _add_items(session, piece)
        else:
            _add_fields(session, piece)


def _add_items(session: MontySession, items: Sequence[Any]) -> None:
    if is_large(items):
        _open(session, items[0])
        session.feed_run("__item__ = __open__.pop()\n__open__[-1].append(__item__)")
    else:
        session.feed_run("__open__[-1].extend(__piece__)", inputs={"__piece__": items})


def _add_fields(session: MontySession, fields: Sequence[tuple[str, Any]]) -> None:
    if is_large(fields):
        _open(session, fields[0][1])
        key = {"__key__": fields[0][0]}
        session.feed_run("__item__ = __open__.pop()\n__open__[-1][__key__] = __item__", inputs=key)
    else:
        session.feed_run("__open__[-1].update(__piece__)", inputs={"__piece__": dict(fields)})
