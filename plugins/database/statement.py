"""SQL and the values that go with it: each value is bound by the database, never written into the text."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from engine.sdk import Query, StepError

MAX_LIST = 10_000
SEVERAL = "it holds several statements. Write one statement; another needs a step of its own"
LEXEME = r"""
    {text} | "(?:[^"]|"")*"? | `[^`]*`?           # texts and quoted names
  | --[^\n]* | /\*.*?(?:\*/|\Z)                   # comments
  | \$(?P<tag>\w*)\$.*?(?:\$(?P=tag)\$|\Z)        # PostgreSQL's texts between dollars
  | ::                                            # its casts
  | (?<![\w:]):(?P<name>[^\W\d]\w*)
"""
ESCAPED = r"'(?:[^'\\]|''|\\.)*'?"
STANDARD = re.compile(LEXEME.format(text=rf"(?<!\w)[eE]{ESCAPED} | '(?:[^']|'')*'?"), re.VERBOSE | re.DOTALL)
WITH_BACKSLASHES = re.compile(LEXEME.format(text=ESCAPED), re.VERBOSE | re.DOTALL)
OURS = re.compile(r":(__\d+)\b")
FIRST_WORD = re.compile(r"(?:[\s(]|--[^\n]*|/\*(?!M?!).*?\*/)*(\w*)", re.DOTALL)  # MySQL runs what is in /*! */
AFTER_IN = re.compile(r"\bin\s*(\(\s*)?\Z", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How a driver wants its SQL: the mark of a value, how a mark that is none is written, how texts are read."""

    mark: str
    escaped_mark: tuple[str, str] | None = None
    lexeme: re.Pattern[str] = STANDARD


@dataclass(frozen=True)
class Statement:
    """One statement with a mark for each value, in order."""

    text: str
    values: tuple[Any, ...]

    @property
    def first_word(self) -> str:
        found = FIRST_WORD.match(self.text)
        return found[1].lower() if found else ""


def is_several(statement: Statement, dialect: Dialect) -> bool:
    """Tell whether a semicolon stands between other things than text, quoted names and comments."""
    return ";" in dialect.lexeme.sub("", statement.text)


def write_statement(query: Query, parameters: Mapping[str, Any], dialect: Dialect) -> Statement:
    """Put a mark in place of each `{{ }}` and `:name`; raise StepError where no value can stand."""
    text, given = query["text"].strip().rstrip(";"), {**parameters, **query["values"]}
    if not text or OURS.fullmatch(text):
        raise _bad("Write the SQL itself here: a {{ }} is a value in it and can't be all of it.")
    pieces: list[str] = []
    values: list[Any] = []
    done = 0
    for found in dialect.lexeme.finditer(text):
        if (name := found["name"]) is None:
            _check_piece(found[0], given)
            continue
        if name not in given:
            raise _bad(f"There is no parameter {name!r}{_known(parameters)}; add it to the parameters.")
        before = text[max(0, found.start() - 80) : found.start()]
        marks, bound = _bind(given[name], before, dialect.mark)
        pieces += [_escape(text[done : found.start()], dialect), marks]
        values += bound
        done = found.end()
    return Statement("".join([*pieces, _escape(text[done:], dialect)]), tuple(values))


def _check_piece(piece: str, given: Mapping[str, Any]) -> None:
    """In a text or a comment a value would be lost."""
    if any(name in given for name in OURS.findall(piece)):
        if piece.startswith(("--", "/*")):
            raise _bad("A {{ }} in a comment has no effect: remove it.")
        raise _bad("Remove the quotes around the {{ }}: it is bound as a value, whatever it holds.")


def _known(parameters: Mapping[str, Any]) -> str:
    return f"; there is {', '.join(parameters)}" if parameters else ""


def _bind(value: Any, before: str, mark: str) -> tuple[str, list[Any]]:
    """A list after IN has a mark for each entry; anywhere else it is JSON, as columns of that type take it."""
    after_in = AFTER_IN.search(before)
    if not isinstance(value, list) or after_in is None:
        return mark, [_plain(value)]
    if not value:
        raise _bad("The list after IN is empty, and SQL has no empty list: check it in a condition before this step.")
    if len(value) > MAX_LIST:
        raise _bad(f"The list after IN has {len(value):,} entries; the most is {MAX_LIST:,}.")
    marks = ", ".join([mark] * len(value))
    return marks if after_in[1] else f"({marks})", [_plain(entry) for entry in value]


def _plain(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value


def _escape(text: str, dialect: Dialect) -> str:
    return text.replace(*dialect.escaped_mark) if dialect.escaped_mark else text


_bad = partial(StepError, kind="bad_query", field="query")
