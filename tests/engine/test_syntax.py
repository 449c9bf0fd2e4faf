"""How fields with a dot are rewritten, and which names are taken from outside."""

from typing import Any

import pytest

from engine.reader import Entries
from engine.syntax import parse_code, parse_expression


@pytest.mark.parametrize(
    ("source", "rewritten"),
    [
        ("company.body.items[0].name", 'company["body"]["items"][0]["name"]'),
        ("company.name.upper()", 'company["name"].upper()'),
        ("(a\n.b)", '(a\n["b"])'),
        ("f'{a.b!r:>{a.c}}'", 'f\'{a["b"]!r:>{a["c"]}}\''),
        ("[x.n for x in a.xs if x.m.k]", '[field_of(x, "n") for x in a["xs"] if field_of(field_of(x, "m"), "k")]'),
        ("now().year", 'field_of(now(), "year")'),
        ("é.ü + a.b", 'é["ü"] + a["b"]'),
        ("sum(sum.x)", 'sum(sum["x"])'),
        ("(lambda q: q.a + b.a)(1)", '(lambda q: field_of(q, "a") + b["a"])(1)'),
    ],
)
def test_an_attribute_that_is_not_called_is_a_field(source: str, rewritten: str) -> None:
    assert parse_expression(source).rewritten == f"({rewritten}\n)"


@pytest.mark.parametrize(
    "code",
    [
        "import datetime\ndatetime.date.today().year",
        "import math as m\nm.pi",
        "from a import b\nb.c",
        "class A:\n    x = 1\nA.x",
        "class A:\n    def __init__(self):\n        self.x = 1",
    ],
)
def test_what_an_import_or_a_class_brings_keeps_its_attributes(code: str) -> None:
    assert parse_code(code).rewritten == code


def test_code_keeps_its_lines() -> None:
    code = "a = lead.x  # one\n\nb = (lead\n     .y)\n"

    assert parse_code(code).rewritten == 'a = lead["x"]  # one\n\nb = (lead\n     ["y"])\n'


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("a + len(b)", {"a", "b"}),
        ("[x for x in a]", {"a"}),
        ("[a for a in a]", {"a"}),
        ("[x + y for x in a for y in x.b]", {"a"}),
        ("{k: v for k, v in a.items()}", {"a"}),
        ("(lambda x, y=a: x + y + b)(c)", {"a", "b", "c"}),
        ("f'{a:{b}}'", {"a", "b"}),
        ("(x := a) + x", {"a", "x"}),
    ],
)
def test_names_from_outside_are_found_scope_by_scope(source: str, names: set[str]) -> None:
    assert {reference.name for reference in parse_expression(source).references} == names


def test_names_in_functions_are_their_own_unless_they_come_from_outside() -> None:
    parsed = parse_code("def f(x, y=a):\n    z = x\n    return z + b\nf(c)")

    assert {reference.name for reference in parsed.references} - parsed.bound == {"a", "b", "c"}


@pytest.mark.parametrize(
    ("source", "reads"),
    [
        ("a.b[:10]", (("a", "b", Entries(None, 10)),)),
        ("a[-5:][0].c", (("a", Entries(-5, None)),)),
        ("a[i:]", (("a",), ("i",))),
        ("a[::2]", (("a",),)),
        ("a[:3] + a", (("a", Entries(None, 3)), ("a",))),
        ("a + a[:3]", (("a",),)),
        ("[len(x) for x in a]", (("a",),)),
        ("len(a[:3])", (("a", Entries(None, 3)),)),
    ],
)
def test_of_what_is_sliced_or_measured_only_some_entries_are_read(source: str, reads: Any) -> None:
    assert parse_expression(source).reads == reads


def test_only_the_parts_that_are_read_are_asked_for() -> None:
    assert parse_expression("a.b.c + a.d[0].e + len(f.g) + h[i.j]").reads == (
        ("a", "b", "c"),
        ("a", "d", 0, "e"),
        ("f", "g", Entries(0, 0)),
        ("h",),
        ("i", "j"),
    )


def test_places_are_told_in_characters_whatever_the_language() -> None:
    parsed = parse_code('x = "ü€😀"; y = lead.name + "é"; trigger')

    assert [(found.name, found.start) for found in parsed.references][-2:] == [("lead", 15), ("trigger", 32)]
