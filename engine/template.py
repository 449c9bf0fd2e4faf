r"""Text with `{{ }}`: where the expressions begin and end, and how a name in them is changed.

`\{{` writes two braces. An expression ends at the first `}}` that makes it valid Python, so that braces and
strings inside it do no harm.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, TypeVar

from engine.errors import ExpressionError
from engine.json_values import is_same
from engine.sdk import Field, Step
from engine.syntax import Parsed, parse_code, parse_expression

T = TypeVar("T")
MAX_CLOSINGS = 20
MAX_CACHED = 2_000  # characters; longer texts are rare and would fill the memory


@dataclass(frozen=True, slots=True)
class Hole:
    """One `{{ }}`; `start` is where its expression begins in the text."""

    start: int
    source: str
    parsed: Parsed


def split(text: str) -> tuple[str | Hole, ...]:
    """Cut text into literal text and holes; raise ExpressionError when a hole can't be read."""
    return _split_short(text) if len(text) <= MAX_CACHED else _split(text)


def has_holes(text: str) -> bool:
    """Tell quickly whether text may hold expressions or escapes."""
    return "{{" in text


def parsed_sources(step: Step | None, inputs: Mapping[str, Any]) -> Iterator[tuple[str, Parsed | ExpressionError]]:
    """All that a node's inputs have for Python, as (field, what it is or why it can't be read)."""
    kinds = {field.name: field for field in step.fields} if step else {}
    for name, value in inputs.items():
        for piece, is_python in pieces(field := kinds.get(name), value):
            if not is_python:
                yield from ((name, found) for found in _parsed_holes(piece))
            elif isinstance(piece, str) and piece.strip():
                yield name, _parsed_python(field, piece)


def rename_in_inputs(step: Step | None, inputs: Mapping[str, Any], old: str, new: str) -> dict[str, Any]:
    """Return the inputs that change with a node's id; raise ExpressionError if `new` would mean something else."""
    kinds = {field.name: field for field in step.fields} if step else {}

    def rename(field: Field | None, piece: Any, is_python: bool) -> Any:
        if field and is_python:
            return _rename_source(field, piece, old, new) if isinstance(piece, str) else piece
        return map_strings(piece, lambda text: _rename_in_text(text, old, new))

    renamed = {
        name: map_pieces(field, value, partial(rename, field))
        for name, value in inputs.items()
        for field in [kinds.get(name)]
    }
    return {name: value for name, value in renamed.items() if value != inputs[name]}


def map_pieces(field: Field | None, value: Any, change: Callable[[Any, bool], Any]) -> Any:
    """Return an input with its pieces changed; of each is told whether it is Python as it stands, without braces."""
    keys = field.source_keys if field else ()
    if not keys or not isinstance(value, list):
        return change(value, field is not None and field.binding == "source")
    return [
        {key: change(held, key in keys) for key, held in entry.items()}
        if isinstance(entry, dict)
        else change(entry, False)
        for entry in value
    ]


def pieces(field: Field | None, value: Any) -> list[tuple[Any, bool]]:
    """The pieces of an input, in order, each with whether it is Python as it stands."""
    found: list[tuple[Any, bool]] = []
    map_pieces(field, value, lambda piece, is_python: found.append((piece, is_python)))
    return found


def is_code(field: Field | None) -> bool:
    """Tell whether a field is a program instead of one expression."""
    return field is not None and field.kind == "code"


def map_strings(value: Any, change: Callable[[str], Any]) -> Any:
    """Return the value with each string in it changed; what doesn't change is not copied."""
    match value:
        case str():
            return change(value)
        case dict():
            entries = {key: map_strings(item, change) for key, item in value.items()}
            return value if is_same(entries.values(), value.values()) else entries
        case list():
            items = [map_strings(item, change) for item in value]
            return value if is_same(items, value) else items
    return value


def strings_in(value: Any) -> Iterator[str]:
    """All strings in a JSON value, at any depth, in order; keys are names and no text."""
    waiting = [value]
    while waiting:
        match waiting.pop():
            case str(text):
                yield text
            case dict(items):
                waiting.extend(reversed(items.values()))
            case list(items):
                waiting.extend(reversed(items))


def _parsed_python(field: Field | None, source: str) -> Parsed | ExpressionError:
    found = _try(parse_code if is_code(field) else parse_expression, source)
    if isinstance(found, ExpressionError) and field and field.source_keys:
        return ExpressionError(f"{source[:60]!r}: {found.message}")  # it is one of several
    return found


def _parsed_holes(value: Any) -> Iterator[Parsed | ExpressionError]:
    for text in filter(has_holes, strings_in(value)):
        holes = _try(split, text)
        if isinstance(holes, ExpressionError):
            yield holes
        else:
            yield from (hole.parsed for hole in holes if isinstance(hole, Hole))


def _split(text: str) -> tuple[str | Hole, ...]:
    parts: list[str | Hole] = []
    literal: list[str] = []
    done = 0
    while (open_ := text.find("{{", done)) >= 0:
        if text.startswith("\\", open_ - 1) and open_ > done:
            literal += [text[done : open_ - 1], "{{"]
            done = open_ + 2
            continue
        hole = _read_hole(text, open_ + 2)
        parts += ["".join([*literal, text[done:open_]]), hole]
        literal, done = [], hole.start + len(hole.source) + 2
    parts.append("".join([*literal, text[done:]]))
    return tuple(part for part in parts if part != "")


_split_short = lru_cache(maxsize=4096)(_split)


def _read_hole(text: str, start: int) -> Hole:
    close, first = start - 1, None
    for _ in range(MAX_CLOSINGS):
        close = text.find("}}", close + 1)
        if close < 0:
            break
        try:
            return Hole(start, text[start:close], parse_expression(text[start:close]))
        except ExpressionError as error:
            first = first or error
    raise first or ExpressionError("A {{ is never closed: add }} after the expression, or write \\{{ for two braces.")


def _rename_in_text(text: str, old: str, new: str) -> str:
    if not has_holes(text) or old not in text:
        return text
    try:
        parts = split(text)
    except ExpressionError:
        return text  # a draft may hold what can't be read yet
    for hole in reversed([part for part in parts if isinstance(part, Hole)]):
        renamed = _rename_parsed(hole.source, hole.parsed, old, new, parse_expression)
        text = text[: hole.start] + renamed + text[hole.start + len(hole.source) :]
    return text


def _rename_source(field: Field, source: str, old: str, new: str) -> str:
    if old in field.sees:
        return source  # there the name is the step's own
    parse = parse_code if is_code(field) else parse_expression
    try:
        parsed = parse(source)
    except ExpressionError:
        return source
    renamed = _rename_parsed(source, parsed, old, new, parse)
    if renamed != source and new in field.sees:
        raise ExpressionError(f"{new} is already a name that {field.label} gives its expressions")
    return renamed


def _rename_parsed(source: str, parsed: Parsed, old: str, new: str, parse: Callable[[str], Parsed]) -> str:
    places = [reference for reference in parsed.references if reference.name == old]
    if not places:
        return source
    for place in reversed(places):
        source = source[: place.start] + new + source[place.end :]
    if new in parsed.bound or _count(parse(source), new) != len(places) + _count(parsed, new):
        raise ExpressionError(f"{new} is already a variable in an expression that uses {old}")
    return source


def _count(parsed: Parsed, name: str) -> int:
    return sum(reference.name == name for reference in parsed.references)


def _try(read: Callable[[str], T], text: str) -> T | ExpressionError:
    try:
        return read(text)
    except ExpressionError as error:
        return error
