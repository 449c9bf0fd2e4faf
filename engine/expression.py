"""Gives expressions, conditions and code their values.

Plain paths (`company.body.items[0].name`) are walked here; all else that a node needs goes to the sandbox in one
call, with only the parts of the outputs that it reads.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from engine.errors import ExpressionError
from engine.names import FUNCTIONS
from engine.paths import prune, read_parts, unknown_name, walk, why_dead
from engine.sandbox import CODE, EXPRESSION, Limits, Printed, Sandbox, SandboxError
from engine.syntax import BUILTINS, FIELD_OF, Parsed, Path, parse_code, parse_expression

EACH = frozenset({"item", "index"})
ITEMS = "__items__"
_FIELD_OF = f"""\
def {FIELD_OF}(value, name):
    if not isinstance(value, dict):
        return getattr(value, name)
    if name not in value:
        raise LookupError(f"the object has no field {{name!r}}; it has: {{', '.join(map(str, list(value)[:20]))}}")
    return value[name]
"""


async def evaluate_all(
    expressions: Sequence[Parsed], names: Mapping[str, Any], sandbox: Sandbox, on_failure: Callable[[int], str]
) -> list[Any]:
    """Evaluate expressions side by side; `on_failure` says which field an expression belongs to."""
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
            answers = await _run(_join(programs), read_parts(reads, names), sandbox, EXPRESSION)
        except _Failed as failure:
            place = others[failure.place] if failure.place is not None else others[0]
            raise ExpressionError(failure.explain(names), field=on_failure(place)) from None
        for place, value in zip(others, answers, strict=True):
            values[place] = value
    return values


async def evaluate(source: str, names: Mapping[str, Any], sandbox: Sandbox) -> Any:
    """Evaluate one expression that stands without braces."""
    (value,) = await evaluate_all([parse_expression(source)], names, sandbox, lambda _: "")
    return value


async def evaluate_each(source: str, items: Sequence[Any], names: Mapping[str, Any], sandbox: Sandbox) -> list[Any]:
    """Evaluate an expression for every entry, as `item` and `index`, in one go."""
    parsed = parse_expression(source)
    _check_names(parsed, {**names, **dict.fromkeys(EACH)})
    program = _Program(f"[{parsed.rewritten}for index, item in enumerate({ITEMS})]", [parsed], [1])
    of_item = [path for path in parsed.reads if path[0] == "item"]
    needed = [prune(item, [path[1:] for path in of_item]) for item in items] if of_item else [None] * len(items)
    outer = read_parts([path for path in parsed.reads if path[0] not in EACH], names)
    try:
        values: list[Any] = await _run(program, {**outer, ITEMS: needed}, sandbox, EXPRESSION)
    except _Failed as failure:
        raise ExpressionError(_explain_each(failure, of_item, items, names)) from None
    return values


async def run_code(
    source: str, names: Mapping[str, Any], sandbox: Sandbox, *, seconds: float, printed: Printed | None = None
) -> Any:
    """Run the code of a Code step; the value is that of its last expression."""
    parsed = parse_code(source)
    _check_names(parsed, names)
    program = _Program(parsed.rewritten, [parsed], [1])
    limits = replace(CODE, seconds=min(CODE.seconds, seconds))
    try:
        return await _run(program, read_parts(parsed.reads, names), sandbox, limits, printed)
    except _Failed as failure:
        where = f"Line {failure.lines[-1]}: " if failure.lines else ""
        raise ExpressionError(where + failure.explain(names)) from None


@dataclass(frozen=True, slots=True)
class _Program:
    """Source of one or several expressions, and the line at which each begins."""

    source: str
    parts: Sequence[Parsed]
    lines: Sequence[int]


class _Failed(Exception):
    """A program failed; `place` is the expression that did, `lines` are those of the calls in it."""

    def __init__(self, error: SandboxError, parts: Sequence[Parsed], place: int | None, lines: Sequence[int]) -> None:
        super().__init__(str(error))
        self.error = error
        self.parts = parts
        self.place = place
        self.lines = lines

    def explain(self, names: Mapping[str, Any]) -> str:
        """Say what is there instead when a field is missing, else what Python said."""
        if self.error.kind in {"KeyError", "TypeError", "IndexError"} and self.place is not None:
            for path in self.parts[self.place].reads:
                if path[0] in names and (reason := why_dead(path, names)):
                    return reason
        if self.error.kind == "LookupError":
            return _sentence(self.error.message)
        return f"{self.error}." if self.error.lines else _sentence(self.error.message or self.error.kind)


def _join(parts: Sequence[Parsed]) -> _Program:
    lines, sources, line = [], ["["], 2
    for parsed in parts:
        lines.append(line)
        sources.append(f"{parsed.rewritten},")
        line += parsed.rewritten.count("\n") + 1
    return _Program("\n".join([*sources, "]"]), parts, lines)


async def _run(
    program: _Program, values: Mapping[str, Any], sandbox: Sandbox, limits: Limits, printed: Printed | None = None
) -> Any:
    prelude = _FIELD_OF if any(parsed.needs_field_of for parsed in program.parts) else ""
    try:
        return await sandbox.run(prelude + program.source, values, limits, printed)
    except SandboxError as error:
        lines = [line - prelude.count("\n") for line in error.lines if line > prelude.count("\n")]
        first = lines[0] if lines else 0
        place = max((place for place, begin in enumerate(program.lines) if begin <= first), default=None)
        raise _Failed(error, program.parts, 0 if len(program.parts) == 1 else place, lines) from None


def _check_names(parsed: Parsed, names: Mapping[str, Any]) -> None:
    for reference in parsed.references:
        name = reference.name
        if not (name in names or name in parsed.bound or name in BUILTINS or name in FUNCTIONS):
            raise unknown_name(name, names)


def _explain_each(failure: _Failed, paths: Sequence[Path], items: Sequence[Any], names: Mapping[str, Any]) -> str:
    if failure.error.kind in {"KeyError", "TypeError", "IndexError"}:
        for index, item in enumerate(items):
            for path in paths:
                if reason := why_dead(path, {"item": item}):
                    return f"Entry {index}: {reason}"
    return failure.explain(names)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
