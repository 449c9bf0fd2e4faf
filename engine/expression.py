"""Gives expressions, conditions and code their values.

Plain paths (`company.body.items[0].name`) are walked here; all else that a node needs goes to the sandbox in one
call, with only the parts of the outputs that it reads. Where a name stands for a large value, these parts come from
`files`, and are forgotten afterwards.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from time import monotonic
from typing import Any

from engine.errors import ExpressionError
from engine.feeding import in_pieces
from engine.files import Files
from engine.loading import load_parts
from engine.names import FUNCTIONS
from engine.paths import prune, read_parts, unknown_name, walk, why_dead
from engine.program import Failed, Program, join
from engine.sandbox import CODE, EXPRESSION, Printed, Sandbox, SandboxError
from engine.syntax import BUILTINS, Parsed, Path, parse_code, parse_expression

EACH = frozenset({"item", "index"})
ENTRIES = 10_000  # for so many there is another second
ITEMS, FIRST = "__items__", "__first__"


async def evaluate_all(
    expressions: Sequence[Parsed],
    names: Mapping[str, Any],
    sandbox: Sandbox,
    on_failure: Callable[[int], str],
    files: Files | None = None,
) -> list[Any]:
    """Evaluate expressions side by side; `on_failure` says which field an expression belongs to."""
    names = await load_parts(names, [path for parsed in expressions for path in parsed.reads], files)
    values: list[Any] = [None] * len(expressions)
    others = []
    for place, parsed in enumerate(expressions):
        try:
            if parsed.path:
                values[place] = walk(parsed.path, names)
            else:
                _check_names(parsed, names)
                others.append(place)
        except ExpressionError as error:
            raise ExpressionError(error.message, field=on_failure(place)) from None
    if others:
        programs = [expressions[place] for place in others]
        try:
            reads = [path for parsed in programs for path in parsed.reads]
            answers = await join(programs).run(read_parts(reads, names), sandbox, EXPRESSION)
        except Failed as failure:
            place = others[failure.place] if failure.place is not None else others[0]
            raise ExpressionError(failure.explain(names), field=on_failure(place)) from None
        for place, value in zip(others, answers, strict=True):
            values[place] = value
    return values


async def evaluate(source: str, names: Mapping[str, Any], sandbox: Sandbox, files: Files | None = None) -> Any:
    """Evaluate one expression that stands without braces."""
    (value,) = await evaluate_all([parse_expression(source)], names, sandbox, lambda _: "", files)
    return value


async def evaluate_each(
    source: str, items: Sequence[Any], names: Mapping[str, Any], sandbox: Sandbox, files: Files | None = None
) -> list[Any]:
    """Evaluate an expression for every entry, as `item` and `index`; each 10,000 entries add a second to the limit."""
    parsed = parse_expression(source)
    _check_names(parsed, {**names, **dict.fromkeys(EACH)})
    reads = [path for path in parsed.reads if path[0] not in EACH]
    names = await load_parts(names, reads, files)
    program = Program(f"[{parsed.rewritten}for index, item in enumerate({ITEMS}, {FIRST})]", [parsed], [1])
    of_item = [path for path in parsed.reads if path[0] == "item"]
    try:
        values = await program.run_each(read_parts(reads, names), _batches(items, of_item), sandbox)
    except Failed as failure:
        message = await asyncio.to_thread(_explain_each, failure, of_item, items, names)
        raise ExpressionError(message) from None
    return list(chain.from_iterable(values))


async def run_code(
    source: str,
    names: Mapping[str, Any],
    sandbox: Sandbox,
    files: Files | None = None,
    *,
    seconds: float,
    printed: Printed | None = None,
) -> Any:
    """Run the code of a Code step; the value is that of its last expression."""
    parsed = parse_code(source)
    _check_names(parsed, names)
    names = await load_parts(names, parsed.reads, files)
    program = Program(parsed.rewritten, [parsed], [1])
    limits = replace(CODE, seconds=min(CODE.seconds, seconds))
    try:
        return await program.run(read_parts(parsed.reads, names), sandbox, limits, printed)
    except Failed as failure:
        where = f"Line {failure.lines[-1]}: " if failure.lines else ""
        raise ExpressionError(where + failure.explain(names)) from None


def _batches(items: Sequence[Any], of_item: Sequence[Path]) -> Iterator[dict[str, Any]]:
    """Cut a list into batches, and take of each entry only what is read; this is done where nobody waits."""
    first, paths = 0, [path[1:] for path in of_item]
    seconds = EXPRESSION.seconds * (1 + len(items) // ENTRIES)
    end = monotonic() + seconds
    for piece in in_pieces(items):
        if monotonic() > end:
            raise SandboxError("TimeoutError", f"the expression took longer than its limit of {seconds:g} s")
        yield {ITEMS: [prune(item, paths) for item in piece] if paths else [None] * len(piece), FIRST: first}
        first += len(piece)


def _check_names(parsed: Parsed, names: Mapping[str, Any]) -> None:
    for reference in parsed.references:
        name = reference.name
        if not (name in names or name in parsed.bound or name in BUILTINS or name in FUNCTIONS):
            raise unknown_name(name, names)


def _explain_each(failure: Failed, paths: Sequence[Path], items: Sequence[Any], names: Mapping[str, Any]) -> str:
    if failure.error.kind in {"KeyError", "TypeError", "IndexError"}:
        for index, item in enumerate(items):
            for path in paths:
                if reason := why_dead(path, {"item": item}):
                    return f"Entry {index}: {reason}"
    return failure.explain(names)
