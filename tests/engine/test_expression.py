"""Expressions: what they mean, and that whatever is written ends in a value or a clear error."""

import asyncio
from typing import Any

import pytest

from engine.errors import ExpressionError
from engine.expression import evaluate, evaluate_each, run_code
from engine.inputs import fill_in, read_form
from engine.sandbox import Printed, Sandbox
from engine.sdk import Binding, Field, Kind, Step, StepContext

NAMES: dict[str, Any] = {
    "company": {"body": {"name": 'A "B" & Co', "score": 8, "items": [{"total": 1}, {"total": 2}], "ceo": None}},
    "lead": {"text": "a\nb", "id": 7},
}


async def run(context: StepContext, **inputs: Any) -> None: ...


async def fill(sandbox: Sandbox, value: Any, *, binding: Binding = "value", kind: Kind = "text") -> Any:
    """Resolve one field."""
    field = Field(name="x", label="Field", binding=binding, kind=kind)
    step = Step(run=run, name="s", label="S", description="", fields=(field,))
    return (await fill_in(read_form(step, {"x": value}), NAMES, sandbox))["x"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{{ company.body.items }}", [{"total": 1}, {"total": 2}]),
        ("{{company.body['items'][-1].total}}", 2),
        ("{{ company.body.score >= 8 }}", True),
        ("{{ [i.total * 2 for i in company.body.items] }}", [2, 4]),
        ("{{ company.body.name.lower() }}", 'a "b" & co'),
        ("{{ company.body.get('nope', 0) }}", 0),
        ("{{ {'a': {'b': lead.id}} }}", {"a": {"b": 7}}),
        ("{{ f'{lead.id:03}' }}", "007"),
        ("{{ (1, sorted({3, 2})) }}", [1, [2, 3]]),
        ("{{\n  lead.id\n  + 1\n}}", 8),
        ("{{ 2 ** 100 }}", 2**100),
        ("{{ now().year > 2000 and len(uuid()) == 36 }}", True),
        ("{{ '}}' }}", "}}"),
        ("score {{ company.body.score }}, ceo {{ company.body.ceo }}", "score 8, ceo null"),
        (r"\{{ no }} {{ lead.id }}", "{{ no }} 7"),
        ({"deep": [{"er": "{{ lead.id }}"}]}, {"deep": [{"er": 7}]}),
        ("no braces }}", "no braces }}"),
    ],
)
async def test_expressions_give_values(sandbox: Sandbox, text: Any, value: Any) -> None:
    assert await fill(sandbox, text) == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ company.body.scor }}", "company.body has no field 'scor'; it has: name, score, items, ceo"),
        ("{{ company.body.scor + 1 }}", "company.body has no field 'scor'; it has: name, score, items, ceo"),
        ("{{ [i.sum for i in company.body.items] }}", "The object has no field 'sum'; it has: total."),
        ("{{ company.body.items[5].total }}", "company.body.items has no entry 5; it has 2"),
        ("{{ company.body.items.total }}", "company.body.items is a list, so it has no field 'total'"),
        ("{{ company.body.ceo.name }}", "company.body.ceo is null"),
        ("{{ compny }}", "There is no 'compny' here; there is: company, lead."),
        ("{{ len(compny) }}", "There is no 'compny' here; there is: company, lead."),
        ("{{ now }}", "now is a function: write now()."),
        ("{{ 1 / 0 }}", "division by zero"),
        ("{{ 9 ** 9 ** 9 }}", "64 MiB"),
        ("{{ 'a' * 10 ** 10 }}", "64 MiB"),
        ("{{ sum(range(10 ** 9)) }}", "The expression took longer than its limit of 1 s"),
        ("{{ float('nan') }}", "not a number"),
        ("{{ float('inf') }}", "not a number"),
        ("{{ lambda: 1 }}", "function"),
        ("{{ b'x' }}", "bytes, which can't be kept: make it text, as in .decode()"),
        ("{{ {1, 2} }}", "a set, which can't be kept: make it a list, as in sorted(…)"),
        ("{{ 10 ** 400 }}", "300 digits"),
        ("{{ int('9' * 5000) }}", "the number is too long: 4,300 digits at most"),
        ("{{ " + "9" * 5000 + " }}", "The number is too long: 4,300 digits at most."),
        ("{{ open('/etc/passwd') }}", "denied"),
        ("{{ ().__class__ }}", "no attribute '__class__'"),
        ("{{ __import__('os') }}", "not defined"),
        ("{{ }}", "no expression"),
        ("{{ lead.id", "never closed"),
        ("{{ lead. }}", "not valid Python"),
        ("{{ " + "(" * 300 + "1" + ")" * 300 + " }}", "not valid Python"),
        ("{{ " + "-" * 9000 + "1 }}", "nested too deeply"),
        ("{{ " + "1 + " * 5000 + "1 }}", "longer than 10,000"),
    ],
)
async def test_what_cannot_be_evaluated_says_why_and_where(sandbox: Sandbox, text: str, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        await fill(sandbox, text)

    assert message in caught.value.message
    assert caught.value.field == "x"


async def test_a_value_in_a_url_is_one_piece_of_it_and_at_its_beginning_the_address(sandbox: Sandbox) -> None:
    assert await fill(sandbox, "https://x/{{ company.body.name }}", binding="url") == "https://x/A%20%22B%22%20%26%20Co"
    assert await fill(sandbox, "{{ 'https://x' }}/{{ 'a/b?c' }}", binding="url") == "https://x/a%2Fb%3Fc"


async def test_a_value_in_json_is_escaped_in_quotes_and_a_value_outside(sandbox: Sandbox) -> None:
    text = '{"name": "Hi {{ company.body.name }}", "items": {{ company.body.items }}, "\\"": {{ lead.text }}}'

    assert await fill(sandbox, text, binding="json") == {
        "name": 'Hi A "B" & Co',
        "items": [{"total": 1}, {"total": 2}],
        '"': "a\nb",
    }


async def test_a_line_holds_no_line_break(sandbox: Sandbox) -> None:
    with pytest.raises(ExpressionError, match="line break"):
        await fill(sandbox, {"X-Text": "{{ lead.text }}"}, binding="line", kind="key-value")


async def test_a_value_in_sql_stands_beside_the_text(sandbox: Sandbox) -> None:
    filled = await fill(
        sandbox, "SELECT '\\{{' WHERE name = {{ company.body.name }} AND id > {{ lead.id }}", binding="sql"
    )

    assert filled["text"] == "SELECT '{{' WHERE name = :__1 AND id > :__3"
    assert filled["values"] == {"__1": 'A "B" & Co', "__3": 7}


async def test_a_number_field_takes_text_that_is_a_number(sandbox: Sandbox) -> None:
    assert await fill(sandbox, "{{ '5' }}", kind="number") == 5
    with pytest.raises(ExpressionError, match="must be a number"):
        await fill(sandbox, "{{ lead.text }}", kind="number")


async def test_an_expression_for_each_entry_names_the_entry_that_fails(sandbox: Sandbox) -> None:
    items = [{"a": 1}, {"a": 5}, {"b": 2}]

    assert await evaluate_each("item.get('a', 0) > lead.id - 6 and index > 0", items, NAMES, sandbox) == [
        False,
        True,
        False,
    ]
    with pytest.raises(ExpressionError, match="Entry 2: item has no field 'a'; it has: b"):
        await evaluate_each("item.a > 1", items, NAMES, sandbox)


CODE = """\
import datetime
from dataclasses import dataclass

@dataclass
class Point:
    x: int

total = sum(item.total for item in company.body.items)
company.body.total = total
print("total", total)
day = datetime.date(2026, 1, total)
[company.body.total, Point(x=4).x, day.year, day]
"""


async def test_code_mixes_objects_of_json_with_classes_and_modules(sandbox: Sandbox) -> None:
    printed = Printed()

    assert await run_code(CODE, NAMES, sandbox, seconds=1, printed=printed) == [3, 4, 2026, "2026-01-03"]
    assert printed.text == "total 3\n"
    assert "total" not in NAMES["company"]["body"]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("x = 1\n\nx / 0", "Line 3: ZeroDivisionError: division by zero."),
        ("def f(o):\n    return o.nope\n\nf(lead)", "Line 2: The object has no field 'nope'; it has: text, id."),
        ("x =", "not valid Python in line 1"),
        ("while True: pass", "The code took longer than its limit of 0.5 s"),
        ("import time\ntime.sleep(60)", "the code took longer than its limit of 0.5 s"),
        ("def f(): f()\nf()", "recursion"),
        ("'a' * 10**9", "more than 128 MiB of memory"),
        ("x = []\nfor _ in range(5000): x = [x]\nx", "100 levels deep"),
        ("import os\nos.system('true')", "no attribute 'system'"),
        ("nope", "There is no 'nope' here"),
        ("def f(): pass\nf", "The value is <function 'f'"),
        ("class A: pass\nA", "The value is <class 'A'>"),
        ("class A:\n    def __repr__(self): raise ValueError('no')\nA()", "holds 'A' (a class or a function)"),
        ("class A:\n    def __str__(self): raise ValueError('no')\nstr(A())", "Line 2: ValueError: no."),
        ("import math\nmath", "The value is <module 'math'>"),
        ("import re\nre.match('a', 'a')", "The value is <re.Match"),
        ("async def f(): pass\nf()", "The value is <coroutine"),
        ("{'a': [b'x']}", "holds bytes"),
        ("raise ValueError('x' * 10_000_000)", "xxx"),
        ("x = []\nwhile True: x.append('a' * 1000)", "more than 128 MiB of memory"),
        ("raise SystemExit", "SystemExit"),
        ("raise SystemExit(3)", "An exception takes one text and nothing else, as in ValueError('why')."),
        ("class A(dict): pass", "Line 1: SyntaxError: class inheritance and metaclasses: not supported here."),
        ("x = 1\ndel x", "Line 2: SyntaxError: the 'del' statement: not supported here."),
    ],
)
async def test_code_that_goes_wrong_ends_in_an_error_and_the_next_goes_on(
    sandbox: Sandbox, code: str, message: str
) -> None:
    with pytest.raises(ExpressionError) as caught:
        await run_code(code, NAMES, sandbox, seconds=0.5)

    assert message in caught.value.message
    assert len(caught.value.message) < 3_000
    assert await run_code("1 + 1", {}, sandbox, seconds=5) == 2


async def test_code_calls_our_functions_only_so_often(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.sandbox.MAX_CALLS", 100)

    with pytest.raises(ExpressionError, match="more than 100 times"):
        await run_code("for _ in range(101): now()", {}, sandbox, seconds=5)


async def test_code_may_give_a_very_long_text(sandbox: Sandbox) -> None:
    assert len(await run_code("'a' * 50_000_000", {}, sandbox, seconds=10)) == 50_000_000


async def test_code_that_is_cancelled_ends_at_once(sandbox: Sandbox) -> None:
    running = asyncio.create_task(run_code("while True: pass", {}, sandbox, seconds=600))
    await fill(sandbox, "{{ 1 + 1 }}")  # by now the other worker is busy with the code

    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await sandbox.close()

    assert running.cancelled()


async def test_only_the_beginning_of_what_is_printed_is_kept(sandbox: Sandbox) -> None:
    printed = Printed()

    await run_code("for _ in range(100): print('a' * 1_000_000)", {}, sandbox, seconds=10, printed=printed)

    assert "and 99,934,564 more characters" in printed.text
    assert len(printed.text) < 70_000


async def test_expressions_do_not_wait_for_endless_code(sandbox: Sandbox) -> None:
    endless = [asyncio.create_task(run_code("while True: pass", {}, sandbox, seconds=60)) for _ in range(4)]

    assert await asyncio.wait_for(evaluate("1 + 1", {}, sandbox), 5) == 2

    for task in endless:
        task.cancel()
    await asyncio.gather(*endless, return_exceptions=True)
