"""Walks the tree of a person's Python once: which names it takes from outside, and how its fields are rewritten."""

import ast
import builtins
import operator
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from engine.errors import ExpressionError

Edit = tuple[int, int, str]
BUILTINS = frozenset(dir(builtins))
FIELD_OF = "field_of"
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")


@dataclass(frozen=True, slots=True)
class Entries:
    """The end of a path of which only some entries are read: by a slice, or none at all by `len`."""

    start: int | None = None
    stop: int | None = None


Path = tuple[str | int | Entries, ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """A name taken from outside and where it stands, in characters."""

    name: str
    start: int
    end: int


class Reader(ast.NodeVisitor):
    """Walks a tree once, scope by scope."""

    def __init__(self, text: str, tree: ast.Module | ast.Expression) -> None:
        self.text = text
        self.lines = _line_spans(text)
        self.columns: dict[int, list[int]] = {}
        self.variables, self.definitions = _bound_names(tree)
        self.has_classes = any(isinstance(node, ast.ClassDef) for node in ast.walk(tree))
        self.scopes: list[set[str]] = []
        self.references: list[Reference] = []
        self.reads: set[Path] = set()
        self.edits: list[Edit] = []
        self.needs_field_of = False

    def visit_Name(self, node: ast.Name) -> None:
        if self._is_outside(node.id):
            self._refer(node)
            if isinstance(node.ctx, ast.Load):
                self.reads.add((node.id,))

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self._rewrite_field(node)
        self._read_path(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if entries := _sliced(node.slice):
            self._read_entries(node.value, entries)
        else:
            self._read_path(node)

    def visit_Call(self, node: ast.Call) -> None:
        match node.func:
            case ast.Attribute(value=owner):
                self.visit(owner)
            case ast.Name(id=name) if name in BUILTINS:
                pass  # data is never called: `sum(…)` is the function even beside a node named sum
            case function:
                self.visit(function)
        match node:
            case ast.Call(func=ast.Name(id="len"), args=[measured], keywords=[]) if self._is_outside("len"):
                self._read_entries(measured, Entries(0, 0))
            case _:
                for part in (*node.args, *node.keywords):
                    self.visit(part)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for outer in (*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)):
            self.visit(outer)
        with self._scope(_argument_names(node.args) | _local_names(node)):
            for statement in node.body:
                self.visit(statement)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> None:
        for outer in (*node.args.defaults, *filter(None, node.args.kw_defaults)):
            self.visit(outer)
        with self._scope(_argument_names(node.args)):
            self.visit(node.body)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for outer in (*node.decorator_list, *node.bases, *node.keywords):
            self.visit(outer)
        with self._scope(_local_names(node)):
            for statement in node.body:
                self.visit(statement)

    def visit_ListComp(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> None:
        self.visit(node.generators[0].iter)
        targets = {name.id for part in node.generators for name in ast.walk(part.target) if isinstance(name, ast.Name)}
        with self._scope(targets):
            for number, part in enumerate(node.generators):
                for inner in (*([part.iter] if number else []), *part.ifs):
                    self.visit(inner)
            for element in (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,):
                self.visit(element)

    visit_SetComp = visit_GeneratorExp = visit_DictComp = visit_ListComp

    def _read_path(self, node: ast.Attribute | ast.Subscript) -> None:
        """Note the longest plain path that ends here, or else look at the parts."""
        path = plain_path(node)
        if path is None or not self._is_outside(str(path[0])):
            self.generic_visit(node)
            return
        self.reads.add(path)
        inner: ast.expr = node.value
        while isinstance(inner, ast.Attribute | ast.Subscript):
            if isinstance(inner, ast.Attribute):
                self._rewrite_field(inner)
            inner = inner.value
        if isinstance(inner, ast.Name):
            self._refer(inner)

    def _read_entries(self, node: ast.expr, entries: Entries) -> None:
        """Visit what is sliced or measured; if it is a plain path, not all that it leads to is read."""
        path = plain_path(node)
        is_first = path not in self.reads
        self.visit(node)
        if is_first and path in self.reads:
            self.reads.remove(path)
            self.reads.add((*path, entries))

    def _rewrite_field(self, node: ast.Attribute) -> None:
        end = self._offset(node.end_lineno, node.end_col_offset)
        after = self._offset(node.value.end_lineno, node.value.end_col_offset)
        dot = self.text.rindex(".", after, end)
        match self._origin(node.value), node.ctx:
            case "import", _:
                return
            case "outside", _:
                self.edits.append((dot, end, f'["{node.attr}"]'))
            case _, ast.Load():
                start = self._offset(node.lineno, node.col_offset)
                self.edits += [(start, start, f"{FIELD_OF}("), (dot, end, f', "{node.attr}")')]
                self.needs_field_of = True
            case _ if not self.has_classes:
                self.edits.append((dot, end, f'["{node.attr}"]'))

    def _origin(self, node: ast.expr) -> str:
        """Say whether what an attribute stands on comes from outside, from an import or from the code itself."""
        while not isinstance(node, ast.Name):
            match node:
                case ast.Attribute(value=inner) | ast.Subscript(value=inner):
                    node = inner
                case ast.Call(func=ast.Attribute(value=inner)):
                    node = inner
                case ast.Call(func=ast.Name(id=name)) if name in self.definitions:
                    return "import"
                case _:
                    return "code"
        if any(node.id in scope for scope in self.scopes):
            return "code"
        if node.id in self.definitions:
            return "import"
        return "code" if node.id in self.variables else "outside"

    def _is_outside(self, name: str) -> bool:
        return name not in self.definitions and not any(name in scope for scope in self.scopes)

    def _refer(self, node: ast.Name) -> None:
        start = self._offset(node.lineno, node.col_offset)
        end = start + len(node.id)
        if self.text[start:end] != node.id:
            raise ExpressionError(f"The place of {node.id} can't be told here: take it out of the f-string.")
        self.references.append(Reference(node.id, start, end))

    def _offset(self, line: int | None, column: int | None) -> int:
        """Characters from the beginning; Python counts columns in bytes of UTF-8."""
        begin, end = self.lines[(line or 1) - 1]
        if self.text.isascii():
            return begin + (column or 0)
        if begin not in self.columns:
            self.columns[begin] = _columns(self.text[begin:end])
        return begin + self.columns[begin][column or 0]

    @contextmanager
    def _scope(self, names: set[str]) -> Iterator[None]:
        self.scopes.append(names)
        yield
        self.scopes.pop()


def _line_spans(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in _LINE.finditer(text)]


def _columns(line: str) -> list[int]:
    """For each byte of a line the place of its character."""
    places = [place for place, character in enumerate(line) for _ in character.encode()]
    return [*places, len(line)]


def _argument_names(arguments: ast.arguments) -> set[str]:
    return {node.arg for node in ast.walk(arguments) if isinstance(node, ast.arg)}


def _local_names(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> set[str]:
    variables, definitions = _bound_names(node)
    shared = {name for inner in ast.walk(node) if isinstance(inner, ast.Global | ast.Nonlocal) for name in inner.names}
    return (variables | definitions) - shared


def _bound_names(scope: ast.AST) -> tuple[set[str], set[str]]:  # noqa: C901 - one arm a construct
    """The names that a scope itself binds: variables, and what import, def and class define."""
    variables: set[str] = set()
    definitions: set[str] = set()
    waiting = list(ast.iter_child_nodes(scope))
    while waiting:
        node = waiting.pop()
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                definitions.add(name)
                continue
            case ast.Lambda():
                continue
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                walruses = [inner.target.id for inner in ast.walk(node) if isinstance(inner, ast.NamedExpr)]
                variables.update(walruses)
                continue
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                definitions.update(alias.asname or alias.name.partition(".")[0] for alias in names)
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                variables.add(name)
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                variables.add(name)
            case ast.MatchMapping(rest=str(name)):
                variables.add(name)
        waiting.extend(ast.iter_child_nodes(node))
    return variables, definitions


def _sliced(node: ast.expr) -> Entries | None:
    """Return the bounds of a slice if they are written as numbers."""
    match node:
        case ast.Slice(lower=lower, upper=upper, step=None):
            try:
                return Entries(_bound(lower), _bound(upper))
            except (ValueError, TypeError):
                return None
    return None


def _bound(node: ast.expr | None) -> int | None:
    return None if node is None else operator.index(ast.literal_eval(node))


def plain_path(node: ast.expr) -> Path | None:
    """Return `("company", "body", 0)` for `company.body[0]`; None unless names, fields and constant indexes only."""
    keys: list[str | int] = []
    while True:
        match node:
            case ast.Name(id=name):
                return (name, *reversed(keys))
            case ast.Attribute(value=inner, attr=key):
                keys.append(key)
            case ast.Subscript(value=inner, slice=ast.Constant(value=bool())):
                return None
            case ast.Subscript(value=inner, slice=ast.Constant(value=str() | int() as key)):
                keys.append(key)
            case ast.Subscript(value=inner, slice=ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(key)))):
                keys.append(-key)
            case _:
                return None
        node = inner
