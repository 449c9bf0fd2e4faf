"""What goes to the sandbox in one go, and which part of it a failure belongs to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.paths import why_dead
from engine.sandbox import EXPRESSION, Limits, Printed, Sandbox, SandboxError
from engine.syntax import FIELD_OF, Parsed

_FIELD_OF = f"""\
def {FIELD_OF}(value, name):
    if not isinstance(value, dict):
        return getattr(value, name)
    if name not in value:
        raise LookupError(f"the object has no field {{name!r}}; it has: {{', '.join(map(str, list(value)[:20]))}}")
    return value[name]
"""


@dataclass(frozen=True, slots=True)
class Program:
    """Source of one or several expressions, and the line at which each begins."""

    source: str
    parts: Sequence[Parsed]
    lines: Sequence[int]

    async def run(
        self, values: Mapping[str, Any], sandbox: Sandbox, limits: Limits, printed: Printed | None = None
    ) -> Any:
        """Return the value of the last expression; raise Failed."""
        try:
            return await sandbox.run(self._prelude + self.source, values, limits, printed)
        except SandboxError as error:
            raise self._failure(error) from None

    async def run_each(
        self, values: Mapping[str, Any], batches: Iterable[Mapping[str, Any]], sandbox: Sandbox
    ) -> list[Any]:
        """Return the value for each batch of further values."""
        try:
            return await sandbox.run_each(self._prelude + self.source, values, batches, EXPRESSION)
        except SandboxError as error:
            raise self._failure(error) from None

    @property
    def _prelude(self) -> str:
        return _FIELD_OF if any(parsed.needs_field_of for parsed in self.parts) else ""

    def _failure(self, error: SandboxError) -> "Failed":
        """Say in which of the parts, and where in it, the sandbox failed."""
        before = self._prelude.count("\n")
        lines = [line - before for line in error.lines if line > before]
        first = lines[0] if lines else 0
        place = max((place for place, begin in enumerate(self.lines) if begin <= first), default=None)
        return Failed(error, self.parts, 0 if len(self.parts) == 1 else place, lines)


class Failed(Exception):
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


def join(parts: Sequence[Parsed]) -> Program:
    lines, sources, line = [], ["["], 2
    for parsed in parts:
        lines.append(line)
        sources.append(f"{parsed.rewritten},")
        line += parsed.rewritten.count("\n") + 1
    return Program("\n".join([*sources, "]"]), parts, lines)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
