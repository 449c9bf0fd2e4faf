"""Reading a definition: its problems, all of them and in plain words, and the graph of one without any."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import DefinitionError
from engine.graph import find_problems, parse
from engine.sdk import Field
from tests.engine.build import STEPS, node, workflow


def messages(definition: Any, node_id: str | None = None) -> list[str]:
    return [problem.message for problem in find_problems(definition, STEPS) if problem.node == node_id]


deep: list[Any] = []
for _ in range(5_000):
    deep = [deep]


@pytest.mark.parametrize(
    "junk",
    [
        None,
        5,
        "text",
        [],
        {},
        {"nodes": {}, "edges": 3},
        {"nodes": [1, None, [], {}, {"id": 5}, {"id": "a"}, {"id": "b", "data": []}], "edges": [1, {}, {"source": []}]},
        {"nodes": [{"id": "a", "type": [], "data": {"action": {}, "inputs": [], "retry": 5, "join": {}}}], "edges": []},
        {"nodes": [{"id": "a", "parentId": {}, "data": {"timeout": "x", "on_error": [], "enabled": 3}}], "edges": []},
        {"nodes": [{"id": "a", "data": {"inputs": {"x": deep}}}], "edges": []},
    ],
)
def test_any_json_gives_problems_and_never_an_exception(junk: Any) -> None:
    assert find_problems(junk, STEPS)


scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["", "a", "lead", "{{ a.b }}", "{{"])
)
json_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
actions = st.sampled_from(["test/check", "test/echo", "test/code", "test/start"])
settings = ["label", "enabled", "timeout", "on_error", "retry", "join", "connection"]
data = st.fixed_dictionaries(
    {
        "action": actions | json_values,
        "inputs": st.dictionaries(st.sampled_from(["value", "expression", "code"]), json_values) | json_values,
    },
    optional=dict.fromkeys(settings, json_values),
)
ids = st.sampled_from(["a", "b", "lead", "class"]) | json_values
types = st.sampled_from(["trigger", "action"]) | json_values
nodes = st.fixed_dictionaries({"id": ids, "type": types, "data": data | json_values}, optional={"parentId": ids})
edges = st.fixed_dictionaries({"source": ids, "target": ids}, optional={"sourceHandle": json_values, "id": json_values})


@given(
    json_values
    | st.fixed_dictionaries(
        {"nodes": st.lists(nodes | json_values, max_size=5), "edges": st.lists(edges | json_values, max_size=5)}
    )
)
def test_whatever_json_it_is_problems_are_found_or_it_can_be_parsed(junk: Any) -> None:
    if not find_problems(junk, STEPS):
        assert parse(junk).trigger


def test_a_sound_workflow_has_no_problems() -> None:
    sound = workflow(
        node(
            "company",
            inputs={"value": "{{ lead.id }} {{ trigger.id }} {{ execution.id }} {{ now() }} {{ len(lead.x) }}"},
        ),
        node("hot", "test/check", inputs={"expression": "company.score > 8"}),
        node("end", inputs={"value": "{{ [x.y for x in company.items] }}"}),
        edges="lead>company company>hot hot>end:true",
    )

    assert find_problems(sound, STEPS) == []


def test_all_problems_are_listed_at_once() -> None:
    problems = find_problems(workflow(node("a", "test/check"), node("b", "nope/nope"), node("b", timeout=0)), STEPS)

    assert {(problem.node, problem.field) for problem in problems} == {
        ("a", "expression"),
        ("b", "action"),
        ("b", "id"),
        ("b", "timeout"),
    }


def test_a_misspelt_name_is_named_with_what_is_meant() -> None:
    broken = workflow(node("company"), node("b", inputs={"value": "{{ compny.x }}"}), edges="lead>company company>b")

    assert messages(broken, "b") == ["No node named 'compny' comes before this one. Did you mean 'company'?"]


def test_a_node_that_comes_later_or_beside_cannot_be_used() -> None:
    broken = workflow(
        node("a", inputs={"value": "{{ b }}"}), node("b", inputs={"value": "{{ b }}"}), edges="lead>a a>b"
    )

    assert "doesn't come before" in messages(broken, "a")[0]
    assert "itself" in messages(broken, "b")[0]


def test_an_unconnected_node_is_no_problem_and_not_in_the_graph() -> None:
    draft = workflow(node("a"), node("alone"), node("b"), edges="lead>a alone>b a>b")

    assert find_problems(draft, STEPS) == []
    assert parse(draft).order == ("lead", "a", "b")


def test_a_circle_is_shown_with_its_nodes() -> None:
    circle = workflow(node("a"), node("b"), node("c"), edges="lead>a a>b b>c c>a")

    assert messages(circle, "a") == ["These nodes form a circle: A → B → C → A. Remove one of its edges."]


@pytest.mark.parametrize(
    ("edge", "message"),
    [
        ("a>lead", "Nothing can lead to a trigger"),
        ("a>gone", "'gone', which doesn't exist"),
        ("a>b:maybe", "named 'maybe'"),
    ],
)
def test_an_edge_that_leads_nowhere_is_a_problem(edge: str, message: str) -> None:
    broken = workflow(node("a"), node("b"), edges=edge)

    assert any(message in problem.message for problem in find_problems(broken, STEPS))


def test_a_node_that_branches_on_errors_has_an_error_end() -> None:
    sound = workflow(node("a", on_error="branch"), node("b"), edges="lead>a a>b:error")

    assert find_problems(sound, STEPS) == []


def test_a_workflow_has_exactly_one_trigger() -> None:
    assert "no trigger" in messages({"nodes": [], "edges": []})[0]
    assert "another" in messages(workflow(node("again", "test/start")), "again")[0]


def test_a_disabled_node_may_be_unfinished() -> None:
    assert find_problems(workflow(node("a", "test/check", enabled=False), edges="lead>a"), STEPS) == []


def test_a_broken_expression_is_a_problem_of_its_field() -> None:
    (problem,) = find_problems(workflow(node("a", inputs={"value": "{{ lead. }}"}), edges="lead>a"), STEPS)

    assert (problem.node, problem.field) == ("a", "value")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (0, "Value must be a whole number from 1 up to 50."),
        ("51", "Value must be a whole number from 1 up to 50."),
        (1.5, "Value must be a whole number from 1 up to 50."),
        ("x", "Value must be a whole number from 1 up to 50."),
        (50, None),
        ("{{ 0 }}", None),
    ],
)
def test_a_number_that_is_out_of_range_is_a_problem(value: Any, message: str | None) -> None:
    number = Field(name="value", label="Value", kind="number", minimum=1, maximum=50, is_whole=True)
    steps = STEPS | {"test/check": replace(STEPS["test/check"], fields=(number,))}
    found = find_problems(workflow(node("a", "test/check", inputs={"value": value}), edges="lead>a"), steps)

    assert [problem.message for problem in found] == ([message] if message else [])


def test_the_graph_knows_who_comes_before_whom() -> None:
    graph = parse(workflow(node("a"), node("b"), node("c"), edges="lead>a lead>b a>c"))

    assert graph.upstream("c") == ("lead", "a")
    assert not graph.is_upstream("b", of="c")


@pytest.mark.parametrize("junk", [None, {}, {"nodes": [{}], "edges": []}, {"nodes": [], "edges": []}])
def test_what_is_no_workflow_cannot_be_parsed(junk: Any) -> None:
    with pytest.raises(DefinitionError):
        parse(junk)


def test_of_very_many_problems_the_first_thousand_are_listed() -> None:
    unknown = ",".join(f"orde{number}" for number in range(1_100))
    definition = workflow(node("a", inputs={"value": f"{{{{ [{unknown}] }}}}"}), edges="lead>a")
    definition["nodes"].append(node("order"))
    definition["edges"].append({"id": "e", "source": "order", "target": "a"})

    problems = find_problems(definition, STEPS)

    assert len(problems) == 1_001
    assert problems[-1].message == "There are 100 more problems."
    assert sum("Did you mean" in problem.message for problem in problems) == 20
