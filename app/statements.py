"""Statements and rows as a driver takes them: what SQLAlchemy does at each execution, done once a statement."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import JSON, Dialect, Executable
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

Row = Mapping[str, Any]
Batch = Sequence[tuple[Executable, Sequence[Row]]]
DriverRow = tuple[Any, ...] | dict[str, Any]
Bound = list[tuple[str, list[DriverRow]]]


class Statements:
    """Compiles each statement at its first use, and turns values into what SQLAlchemy would store."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._known: dict[Executable, _Statement] = {}

    def bind(self, batch: Batch) -> Bound:
        """Return the text of each statement with its rows, for `executemany`."""
        texts: dict[int, str] = {}
        return [((known := self._get(statement)).text, known.bind(rows, texts)) for statement, rows in batch]

    def _get(self, statement: Executable) -> "_Statement":
        if statement not in self._known:
            self._known[statement] = _Statement(statement, self._dialect)
        return self._known[statement]


class _Statement:
    def __init__(self, statement: Any, dialect: Dialect) -> None:
        compiled: SQLCompiler = statement.compile(dialect=dialect)
        types = {name: parameter.type for parameter, name in compiled.bind_names.items()}
        self.text = compiled.string
        self._is_positional = compiled.positional
        self._names = compiled.positiontup or list(types)
        self._columns = [_column(name, types[name], compiled.params[name], dialect) for name in self._names]

    def bind(self, rows: Sequence[Row], texts: dict[int, str]) -> list[DriverRow]:
        return [self._bind(row, texts) for row in rows]

    def _bind(self, row: Row, texts: dict[int, str]) -> DriverRow:
        """Write JSON that several rows share once: `texts` has it by the value's identity."""
        bound = []
        for name, fixed, nothing, process, is_json in self._columns:
            value = row.get(name, fixed)
            if value is None:
                bound.append(nothing)
            elif process is None:
                bound.append(value)
            elif is_json:
                if (text := texts.get(id(value))) is None:
                    text = texts[id(value)] = process(value)
                bound.append(text)
            else:
                bound.append(process(value))
        return tuple(bound) if self._is_positional else dict(zip(self._names, bound, strict=True))


class _Column(NamedTuple):
    """A parameter of a statement: what it is if a row doesn't say, and how None and what isn't None are stored."""

    name: str
    fixed: Any
    nothing: Any
    process: Callable[[Any], Any] | None
    is_json: bool


def _column(name: str, type_: TypeEngine[Any], fixed: Any, dialect: Dialect) -> _Column:
    process = _processor(type_, dialect)
    return _Column(name, fixed, process(None) if process else None, process, _is_json(type_))


def _processor(type_: TypeEngine[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    """What makes of a value what is stored; of JSON text, whatever else the driver would take."""
    return (type_ if _is_json(type_) else type_.dialect_impl(dialect)).bind_processor(dialect)


def _is_json(type_: TypeEngine[Any]) -> bool:
    return isinstance(type_, JSON)
