"""Fills a step's form for one run: evaluates the `{{ }}` and binds each value to where it stands."""

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote

from engine.errors import ExpressionError
from engine.expression import evaluate_all
from engine.field_problems import describe_number, fits_number, is_on
from engine.files import Files
from engine.json_values import is_large, parse_json, to_json
from engine.sandbox import Sandbox
from engine.sdk import Binding, Field, Query, Step
from engine.syntax import Parsed
from engine.template import Hole, has_holes, map_pieces, map_strings, pieces, split, strings_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What a node's inputs say, read once: the fields without a `{{ }}` are filled in already.

    `places` are the fields of the `{{ }}`, in their order.
    """

    step: Step
    given: Mapping[str, Any]
    filled: Mapping[str, Any]
    places: tuple[str, ...]
    expressions: tuple[Parsed, ...]
    is_large: bool


def read_form(step: Step, inputs: Mapping[str, Any]) -> Form:
    """Read a node's inputs; raise ExpressionError with the field that can't be read."""
    given = {field.name: _given(field, inputs) for field in step.fields}
    holes = {field.name: _holes_in(field, given[field.name]) for field in step.fields}
    flat = [(name, hole.parsed) for name, found in holes.items() for hole in found]
    none: Iterator[Any] = iter(())
    return Form(
        step=step,
        given=given,
        filled={field.name: _fill(step, field, given, none) for field in step.fields if not holes[field.name]},
        places=tuple(name for name, _ in flat),
        expressions=tuple(parsed for _, parsed in flat),
        is_large=is_large(given),
    )


async def fill_in(form: Form, names: Mapping[str, Any], sandbox: Sandbox, files: Files | None = None) -> dict[str, Any]:
    """Return a value for each field of the form; raise ExpressionError with the field that has none."""
    if not form.expressions:
        return dict(form.filled)
    values = await evaluate_all(form.expressions, names, sandbox, form.places.__getitem__, files)
    fill = partial(_fill_all, form, iter(values))
    return await asyncio.to_thread(fill) if form.is_large or is_large(values) else fill()


def _given(field: Field, inputs: Mapping[str, Any]) -> Any:
    value = inputs.get(field.name)
    return field.default if value is None else value


def _holes_in(field: Field, value: Any) -> list[Hole]:
    texts = (text for piece, is_python in pieces(field, value) if not is_python for text in strings_in(piece))
    try:
        parts = [part for text in texts if has_holes(text) for part in split(text)]
    except ExpressionError as error:
        raise ExpressionError(error.message, field=field.name) from None
    return [part for part in parts if isinstance(part, Hole)]


def _fill_all(form: Form, values: Iterator[Any]) -> dict[str, Any]:
    return {
        field.name: form.filled[field.name]
        if field.name in form.filled
        else _fill(form.step, field, form.given, values)
        for field in form.step.fields
    }


def _fill(step: Step, field: Field, given: Mapping[str, Any], values: Iterator[Any]) -> Any:
    value = given[field.name]
    binding = field.binding if is_on(step, field.binding_when, given) else "value"
    if binding == "json" and not isinstance(value, str):
        binding = "value"  # an object or a list is JSON already, and the texts in it are texts

    def fill(piece: Any, is_python: bool) -> Any:
        return piece if is_python else map_strings(piece, lambda text: bind(text, binding, values))

    try:
        return to_json(_coerce(field, map_pieces(field, value, fill)))
    except ValueError as error:
        raise ExpressionError(f"{field.label} {error}.", field=field.name) from None


def bind(text: str, binding: Binding, values: Iterator[Any]) -> Any:
    """Put the next values into a text, as its place asks for; raise ValueError when one doesn't fit."""
    pieces = split(text) if has_holes(text) else (text,)
    parts = [_Value(next(values)) if isinstance(piece, Hole) else piece for piece in pieces]
    match binding, parts:
        case "sql", _:
            return _bind_sql(parts)
        case _, [_Value(value)]:
            return _check_line(value, binding)
        case "url", _:
            return "".join(_bind_url(place, part) for place, part in enumerate(parts))
        case "json", _:
            return _bind_json(parts)
    return _check_line("".join(part if isinstance(part, str) else as_text(part.value) for part in parts), binding)


def as_text(value: Any) -> str:
    """Write a value within text: text as it is, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class _Value:
    """What an expression gave, where it stood."""

    value: Any


def _bind_url(place: int, part: str | _Value) -> str:
    """A value is one piece of the path or query, but at the very beginning it is the address itself."""
    if isinstance(part, str):
        return part
    text = as_text(part.value)
    return text if place == 0 else quote(text, safe="")


def _bind_json(parts: Sequence[str | _Value]) -> Any:
    """Within quotes a value becomes escaped text, outside them a JSON value; the whole is then read."""
    written, in_quotes = [], False
    for part in parts:
        if isinstance(part, str):
            written.append(part)
            in_quotes = _ends_in_quotes(part, in_quotes)
        elif in_quotes:
            written.append(json.dumps(as_text(part.value))[1:-1])
        else:
            written.append(json.dumps(part.value))
    text = "".join(written)
    return parse_json(text) if text.strip() else None


def _bind_sql(parts: Sequence[str | _Value]) -> Query:
    """The values stay beside the text, which only names them."""
    values = {f"__{place}": part.value for place, part in enumerate(parts) if isinstance(part, _Value)}
    text = "".join(part if isinstance(part, str) else f":__{place}" for place, part in enumerate(parts))
    return {"text": text, "values": values}


def _ends_in_quotes(text: str, in_quotes: bool) -> bool:
    escaped = False
    for character in text:
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = in_quotes
        elif character == '"':
            in_quotes = not in_quotes
    return in_quotes


def _check_line(value: Any, binding: Binding) -> Any:
    if binding == "line" and isinstance(value, str) and ("\n" in value or "\r" in value):
        raise ValueError("may not hold a line break")
    return value


def _coerce(field: Field, value: Any) -> Any:
    """Make of what a form or an expression gave what the field is for; nothing at all is the default."""
    if value is None or (value == "" and field.kind in {"number", "boolean", "select", "key-value"}):
        return field.default
    match field.kind:
        case "number":
            return _read_number(field, value)
        case "boolean" if str(value).strip().lower() in {"true", "false"}:
            return str(value).strip().lower() == "true"
        case "boolean":
            raise ValueError(f"must be true or false, not {as_text(value)[:60]}")
        case "key-value" if not isinstance(value, dict):
            raise ValueError(f"must be an object of names and values, not {as_text(value)[:60]}")
        case "select" if value not in (choices := [option.value for option in field.options]):
            raise ValueError(f"must be one of {', '.join(choices)}, not {as_text(value)[:60]}")
    return value


def _read_number(field: Field, value: Any) -> int | float:
    if not fits_number(field, value):
        raise ValueError(f"must be {describe_number(field)}, not {as_text(value)[:60]}")
    number = float(value)
    return int(number) if number.is_integer() and (field.is_whole or not isinstance(value, float)) else number
