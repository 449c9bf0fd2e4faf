"""What the panel shows of a node, and how text becomes a value and back."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.pages.editor.values import read_value, show_value
from app.pages.editor.views import NodeView, shown_text, view_node
from engine.sdk import Field, Kind, steps_by_action
from plugins import load_plugins

STEPS = steps_by_action(load_plugins())
WRITES = ("method", "POST|PUT")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def view(data: Any, problems: list[dict[str, Any]] | None = None) -> NodeView:
    return view_node({"id": "ask", "data": data}, STEPS, problems or [])


def field_of(shown: NodeView, name: str) -> Any:
    return next(field for field in shown.fields if field.name == name)


def test_the_fields_of_the_step_are_shown_with_their_values() -> None:
    shown = view({"label": "Ask", "action": "http/request", "inputs": {"url": "https://example.com"}})

    assert (shown.label, shown.step) == ("Ask", "HTTP Request")
    assert field_of(shown, "url").value == "https://example.com"
    assert field_of(shown, "method").value == "GET"


@pytest.mark.parametrize(("method", "is_shown"), [("POST", True), ("PUT", True), ("GET", False), (None, False)])
def test_a_field_that_depends_on_another_is_shown_when_that_has_the_value(method: str | None, is_shown: bool) -> None:
    fields = (Field(name="method", label="Method", default="GET"), Field(name="body", label="Body", show_when=WRITES))
    step = replace(STEPS["http/request"], fields=fields)
    shown = view_node({"id": "ask", "data": {"action": "a", "inputs": {"method": method}}}, {"a": step}, [])

    assert ("body" in [field.name for field in shown.fields]) == is_shown


def test_a_problem_stands_at_its_field_or_else_at_the_node() -> None:
    at_field = {"node": "ask", "field": "url", "message": "URL is required."}
    elsewhere = {"node": "other", "field": "url", "message": "Not this one."}
    at_node = {"node": "ask", "field": None, "message": "Nothing leads here."}
    shown = view({"action": "http/request"}, [at_field, elsewhere, at_node])

    assert field_of(shown, "url").problem == "URL is required."
    assert shown.problem == "Nothing leads here."


def test_pairs_show_what_is_no_text_as_json() -> None:
    shown = view({"action": "data/set-fields", "inputs": {"fields": {"text": "so", "count": 7, "list": [1]}}})

    assert [(pair.key, pair.value) for pair in field_of(shown, "fields").pairs] == [
        ("text", "so"),
        ("count", "7"),
        ("list", "[\n  1\n]"),
    ]


def test_the_shown_text_of_a_path_is_found_even_with_a_slash_in_the_key() -> None:
    shown = view({"action": "data/set-fields", "inputs": {"fields": {"a/b": "so"}}})

    assert shown_text(shown, "inputs/fields/a/b") == "so"
    assert shown_text(shown, "inputs/fields/a") is None
    assert shown_text(shown, "inputs/nothing") is None


def test_an_action_that_is_not_installed_is_named_and_asks_for_nothing() -> None:
    shown = view({"action": "no/such", "inputs": {"x": 1}})

    assert (shown.step, shown.fields) == ("no/such", [])


def test_without_a_label_the_id_is_shown() -> None:
    assert [view({"label": label}).label for label in (None, "", 7, {"x": 1})] == ["ask"] * 4


@given(label=JSON, inputs=JSON, enabled=JSON, action=st.sampled_from([*STEPS]) | JSON)
def test_any_draft_can_be_shown(label: Any, inputs: Any, enabled: Any, action: Any) -> None:
    shown = view({"label": label, "action": action, "inputs": inputs, "enabled": enabled})

    assert isinstance(shown.label, str)
    assert all(isinstance(field.value, str) for field in shown.fields)


@given(action=st.sampled_from([*STEPS]), value=JSON)
def test_any_value_of_a_field_can_be_shown(action: str, value: Any) -> None:
    shown = view({"action": action, "inputs": {field.name: value for field in STEPS[action].fields}})

    assert all(isinstance(field.value, str) for field in shown.fields)


@given(JSON.filter(lambda value: value is not None and not isinstance(value, str)))
def test_what_is_shown_of_json_is_read_as_the_same(value: Any) -> None:
    assert read_value("json", show_value(value)) == value


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("number", "7", 7),
        ("number", "-0.5", -0.5),
        ("number", "soon", "soon"),
        ("number", "{{ ask.count }}", "{{ ask.count }}"),
        ("number", "NaN", "NaN"),
        ("json", '{"a": 1}', {"a": 1}),
        ("json", '{"a": }', '{"a": }'),
        ("json", "[" * 100_000, "[" * 100_000),
        ("boolean", "true", True),
        ("boolean", "false", False),
        ("text", "7", "7"),
        ("code", " 1 + 1\n", " 1 + 1\n"),
        ("select", "GET", "GET"),
        ("text", "  ", None),
        ("json", "", None),
    ],
)
def test_text_becomes_a_value_of_its_kind_and_else_stays_text(kind: Kind, text: str, value: Any) -> None:
    assert read_value(kind, text) == value


@pytest.mark.parametrize("text", ["1.10", "1e5", "007", "12345678901234567890.5"])
def test_a_header_that_looks_like_a_number_stays_as_it_was_typed(text: str) -> None:
    assert read_value("json", text) == text
