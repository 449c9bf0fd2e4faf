"""The condition and the switch."""

from typing import Any

import pytest

from engine.graph import find_problems
from engine.ops import apply_ops
from tests.plugins.conftest import STEPS, Bench

CASES = [
    {"name": "large", "when": "value > 100"},
    {"name": "vip", "when": "lead.is_vip"},
    {"name": "any", "when": "value == value"},
]


def workflow(cases: Any) -> dict[str, Any]:
    nodes = [
        {"id": "lead", "type": "trigger", "data": {"action": "trigger/manual"}},
        {"id": "a", "type": "action", "data": {"action": "logic/switch", "inputs": {"value": 1, "cases": cases}}},
    ]
    return {"nodes": nodes, "edges": [{"id": "e", "source": "lead", "target": "a"}]}


def problems(cases: Any) -> list[tuple[str | None, str]]:
    return [(problem.field, problem.message) for problem in find_problems(workflow(cases), STEPS)]


def renamed(cases: Any, old: str, new: str) -> Any:
    applied = apply_ops(workflow(cases), [{"op": "rename_node", "id": old, "to": new}], STEPS)
    return applied.rejected or applied.definition["nodes"][1]["data"]["inputs"]["cases"]


@pytest.mark.parametrize(("score", "handle"), [(9, "true"), (7, "false")])
async def test_a_condition_takes_the_end_named_after_its_value(bench: Bench, score: int, handle: str) -> None:
    outcome = await bench.run("logic/condition", {"expression": "a.score >= 8"}, names={"a": {"score": score}})

    assert (outcome.output, outcome.handles) == ({"value": score == 9}, (handle,))


@pytest.mark.parametrize("expression", ["1", "'true'", "None", "[]"])
async def test_a_condition_that_is_not_a_bool_fails(bench: Bench, expression: str) -> None:
    error = await bench.error("logic/condition", {"expression": expression})

    assert error["type"] == "not_a_bool"
    assert "compare it" in error["message"]


@pytest.mark.parametrize(
    ("value", "mode", "matched"),
    [
        (200, "first", ["large"]),
        (200, "all", ["large", "vip", "any"]),
        (5, "first", ["vip"]),
        (5, None, ["vip"]),
        ("{{ lead.total }}", "first", ["large"]),
    ],
)
async def test_a_switch_takes_the_ends_of_the_cases_that_apply(
    bench: Bench, value: Any, mode: str | None, matched: list[str]
) -> None:
    names = {"lead": {"is_vip": True, "total": 101}}

    outcome = await bench.run("logic/switch", {"value": value, "cases": CASES, "mode": mode}, names=names)

    assert (outcome.output, outcome.handles) == ({"matched": matched}, tuple(matched))


async def test_a_switch_without_a_case_that_applies_takes_default(bench: Bench) -> None:
    outcome = await bench.run("logic/switch", {"value": 5, "cases": CASES[:1]})

    assert (outcome.output, outcome.handles) == ({"matched": []}, ("default",))


async def test_a_value_may_be_any_text_or_object(bench: Bench) -> None:
    cases = [{"name": "paid", "when": 'value == "paid"'}, {"name": "open", "when": "value.is_open"}]

    assert await bench.output("logic/switch", {"value": "paid", "cases": cases}) == {"matched": ["paid"]}
    assert await bench.output("logic/switch", {"value": {"is_open": True}, "cases": cases[1:]}) == {"matched": ["open"]}
    assert not problems([{"name": "paid", "when": 'value == "paid"'}])


@pytest.mark.parametrize(
    ("when", "type_", "words"),
    [
        ("value", "not_a_bool", "Case 'x' must give true or false, but it gave 5: compare it."),
        ("value.nope", "expression_failed", "Case 'x': value is a number, so it has no 'nope'"),
        ("1 / 0 > 1", "expression_failed", "Case 'x': ZeroDivisionError: division by zero."),
    ],
)
async def test_a_case_that_fails_is_named(bench: Bench, when: str, type_: str, words: str) -> None:
    error = await bench.error("logic/switch", {"value": 5, "cases": [{"name": "x", "when": when}]})

    assert (error["type"], error["field"]) == (type_, "cases")
    assert error["message"].startswith(words)


async def test_cases_after_the_first_that_applies_are_not_looked_at(bench: Bench) -> None:
    cases = [{"name": "null", "when": "value == None"}, {"name": "large", "when": "value.total > 1"}]

    assert await bench.output("logic/switch", {"cases": cases}) == {"matched": ["null"]}


@pytest.mark.parametrize(
    ("cases", "words"),
    [
        (None, "Cases is required."),
        ([], "must be a list"),
        ("text", "Cases is not valid JSON"),
        ("{{ lead.cases }}", "must be a list"),
        ({"name": "x"}, "must be a list"),
        ([["x"]], "must be a list"),
        ([{"when": "True"}], "Case 1 needs a name."),
        ([{"name": 5, "when": "True"}], "Case 1 needs a name."),
        ([{"name": " ", "when": "True"}], "Case 1 needs a name."),
        ([{"name": "{{ lead.x }}", "when": "True"}], "without {{ }}"),
        ([{"name": "default", "when": "True"}], "can't be called 'default'"),
        ([{"name": "error", "when": "True"}], "can't be called 'error'"),
        ([{"name": "x", "when": "True"}] * 2, "2 cases are called 'x'"),
        ([{"name": "x"}], "Case 1 needs a condition"),
        ([{"name": "x", "when": 5}], "Case 1 needs a condition"),
        ([{"name": "x", "when": "value >"}], "'value >': This is not valid Python"),
        ([{"name": "x", "when": "vlaue > 1"}], "No node named 'vlaue'"),
    ],
)
def test_bad_cases_are_problems_before_a_run(cases: Any, words: str) -> None:
    found = problems(cases)

    assert [field for field, _ in found] == ["cases"]
    assert words in found[0][1]


@pytest.mark.parametrize("cases", [None, "x", 5, [1, None], [{}], [{"name": 5}], [{"name": "default"}], [{"name": ""}]])
def test_whatever_the_cases_are_there_is_the_end_default(cases: Any) -> None:
    ends = STEPS["logic/switch"].handles_of

    assert ends
    assert ends({"cases": cases}) == ("default",)
    assert ends({"cases": CASES}) == ("large", "vip", "any", "default")


async def test_bad_cases_fail_the_node_as_well(bench: Bench) -> None:
    error = await bench.error("logic/switch", {"cases": "{{ 'text' }}"})

    assert error["field"] == "cases"


def test_a_new_name_of_a_node_reaches_the_conditions_of_the_cases() -> None:
    cases = [{"name": "lead", "when": "lead.total > value"}]

    assert renamed(cases, "lead", "order") == [{"name": "lead", "when": "order.total > value"}]


def test_the_name_value_in_a_case_is_the_switches_own() -> None:
    cases = [{"name": "x", "when": "lead.total > value"}]

    (rejected,) = renamed(cases, "lead", "value")

    assert "value is already a name that Cases gives" in rejected["reason"]
