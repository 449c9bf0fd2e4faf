"""Reads Python that a person wrote, without running it: the names it takes from outside, and its fields with a dot.

An attribute that isn't called is a field: `company.body.score` becomes `company["body"]["score"]`; one that is
called stays a method. Below names that an import binds attributes stay what they are (`datetime.date.today()`).
What a variable of the code itself holds is known only when it runs; there `order.total` becomes
`field_of(order, "total")`, which serves objects of JSON and those of classes.
"""

import ast
from dataclasses import dataclass
from functools import lru_cache

from engine.errors import ExpressionError
from engine.reader import BUILTINS as BUILTINS
from engine.reader import FIELD_OF as FIELD_OF
from engine.reader import Edit, Reader, Reference, plain_path
from engine.reader import Path as Path

MAX_EXPRESSION = 10_000
MAX_CODE = 100_000


@dataclass(frozen=True, slots=True)
class Parsed:
    """What there is to know of an expression or of code.

    `reads` are the paths taken from outside, `bound` the names that the code itself gives a value, `path` is set
    when the whole is one plain path, `rewritten` is the Python to evaluate, line by line as it was.
    """

    references: tuple[Reference, ...]
    reads: tuple[Path, ...]
    bound: frozenset[str]
    path: Path | None
    rewritten: str
    needs_field_of: bool


@lru_cache(maxsize=4096)
def parse_expression(source: str) -> Parsed:
    """Read one expression; raise ExpressionError when it isn't one."""
    if not source.strip():
        raise ExpressionError("There is no expression here: write one, such as company.name.")
    if len(source) > MAX_EXPRESSION:
        raise ExpressionError(f"The expression is longer than {MAX_EXPRESSION:,} characters: use a Code step.")
    text = f"({source}\n)"  # so that it may span lines
    return _read(text, _parse(text, "eval"), shift=1)


@lru_cache(maxsize=256)
def parse_code(source: str) -> Parsed:
    """Read the code of a Code step; raise ExpressionError that names the line."""
    if len(source) > MAX_CODE:
        raise ExpressionError(f"The code is longer than {MAX_CODE:,} characters.")
    return _read(source, _parse(source, "exec"), shift=0)


def _parse(text: str, mode: str) -> ast.Module | ast.Expression:
    try:
        return ast.parse(text, mode=mode)  # type: ignore[return-value]
    except SyntaxError as error:
        where = f" in line {error.lineno}" if mode == "exec" and error.lineno else ""
        if is_about_digits(error.msg):
            raise ExpressionError(f"The number{where} is too long: 4,300 digits at most.") from None
        raise ExpressionError(f"This is not valid Python{where}: {error.msg}.") from None
    except (RecursionError, MemoryError):
        raise ExpressionError("This is nested too deeply: make it simpler.") from None
    except ValueError:
        raise ExpressionError("This holds characters that Python can't read.") from None


def is_about_digits(message: str) -> bool:
    """Is it Python's refusal of a very long number, whose advice is for programmers of Python itself?"""
    return "set_int_max_str_digits" in message


def _read(text: str, tree: ast.Module | ast.Expression, *, shift: int) -> Parsed:
    reader = Reader(text, tree)
    try:
        reader.visit(tree)
    except RecursionError:
        raise ExpressionError("This is nested too deeply: make it simpler.") from None
    path = plain_path(tree.body) if isinstance(tree, ast.Expression) else None
    references = sorted(reader.references, key=lambda reference: reference.start)
    return Parsed(
        references=tuple(Reference(found.name, found.start - shift, found.end - shift) for found in references),
        reads=tuple(sorted(reader.reads, key=repr)),
        bound=frozenset(reader.variables | reader.definitions),
        path=path,
        rewritten=_apply_edits(text, reader.edits),
        needs_field_of=reader.needs_field_of,
    )


def _apply_edits(text: str, edits: list[Edit]) -> str:
    """Make the edits; of two insertions at one place the outer one was noted first and stays first."""
    parts: list[str] = []
    done = 0
    for start, end, new in sorted(edits, key=lambda edit: edit[:2]):
        parts += [text[done:start], new, "\n" * text.count("\n", start, end)]
        done = end
    return "".join([*parts, text[done:]])
