"""The editor's ops: what they do, what they refuse, and that undo gives back what was."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.ops import MAX_OPS, apply_ops
from tests.engine.build import STEPS, node, workflow


def apply(definition: dict[str, Any], *ops: Any) -> dict[str, Any]:
    return apply_ops(definition, list(ops), STEPS).definition


def reason(definition: dict[str, Any], op: Any) -> str:
    (rejected,) = apply_ops(definition, [op], STEPS).rejected
    return str(rejected["reason"])


def find(definition: dict[str, Any], id_: str) -> dict[str, Any]:
    return next(node for node in definition["nodes"] if node["id"] == id_)


def test_a_node_without_an_id_gets_one_from_its_label() -> None:
    new = {"type": "action", "position": {"x": 8, "y": 8}, "data": {"label": "Fetch company", "action": "test/echo"}}

    applied = apply_ops(workflow(), [{"op": "add_node", "node": new}] * 2, STEPS)

    assert [op["node"]["id"] for op in applied.ops] == ["fetch_company", "fetch_company_2"]


@pytest.mark.parametrize(
    ("label", "id_"),
    [
        ("Straße & Übung", "strasse_ubung"),
        ("日本", "node"),
        ("class", "class_"),
        ("Trigger", "trigger_"),
        ("3 days", "node_3_days"),
    ],
)
def test_an_id_is_a_python_name_whatever_the_label(label: str, id_: str) -> None:
    new = {"type": "action", "data": {"label": label}}

    assert apply(workflow(), {"op": "add_node", "node": new})["nodes"][-1]["id"] == id_


def test_the_rest_of_a_batch_is_about_the_node_that_it_added_even_when_its_id_was_taken() -> None:
    definition = workflow(node("fetch", url="theirs"), node("send"), edges="lead>fetch")
    mine = {**node("fetch", url="mine"), "data": {"label": "Fetch", "action": "test/echo", "inputs": {}}}
    batch = [
        {"op": "add_node", "node": mine},
        {"op": "add_edge", "edge": {"source": "send", "target": "fetch"}},
        {"op": "set", "id": "fetch", "path": ["inputs", "url"], "value": "new"},
        {"op": "move_node", "id": "fetch", "position": {"x": 5, "y": 5}},
    ]

    changed = apply(definition, *batch)

    assert find(changed, "fetch") == find(definition, "fetch")
    assert (find(changed, "fetch_2")["data"]["inputs"], find(changed, "fetch_2")["position"]["x"]) == (
        {"url": "new"},
        5,
    )
    assert changed["edges"][-1]["target"] == "fetch_2"


def test_undoing_a_removal_connects_the_node_that_came_back_though_its_id_was_taken_meanwhile() -> None:
    definition = workflow(node("fetch"), node("send"), edges="lead>fetch fetch>send")
    removed = apply_ops(definition, [{"op": "remove_node", "id": "fetch"}], STEPS)
    other = {"op": "add_node", "node": {"id": "fetch", "type": "action", "data": {"label": "Other"}}}

    back = apply(apply(removed.definition, other), *removed.inverse)

    (came_back,) = [each["id"] for each in back["nodes"] if each["id"] not in {"lead", "send", "fetch"}]
    assert {(edge["source"], edge["target"]) for edge in back["edges"]} == {("lead", came_back), (came_back, "send")}


def test_removing_a_node_removes_its_edges_and_undo_puts_all_back_in_place() -> None:
    before = workflow(node("a"), node("b"), node("c"), edges="lead>a a>b b>c a>c")

    applied = apply_ops(before, [{"op": "remove_node", "id": "b"}], STEPS)

    assert [edge["id"] for edge in applied.definition["edges"]] == ["lead>a", "a>c"]
    assert apply(applied.definition, *applied.inverse) == before


def test_renaming_a_node_rewrites_templates_conditions_code_and_edges() -> None:
    before = workflow(
        node("a"),
        node("b", inputs={"value": ["{{ a.name }} and a: {{ ab.a + a['a'] }}", {"k": "{{ f'{a.x}' }}"}]}),
        node("c", "test/check", inputs={"expression": "a.score > 3"}),
        node("d", "test/code", inputs={"code": "# a\ntotal = sum(x.a for x in a.items)\ntotal"}),
        edges="lead>a a>b a>c",
    )

    after = apply(before, {"op": "rename_node", "id": "a", "to": "order"})

    value = find(after, "b")["data"]["inputs"]["value"]
    assert value == ["{{ order.name }} and a: {{ ab.a + order['a'] }}", {"k": "{{ f'{order.x}' }}"}]
    assert find(after, "c")["data"]["inputs"]["expression"] == "order.score > 3"
    assert find(after, "d")["data"]["inputs"]["code"] == "# a\ntotal = sum(x.a for x in order.items)\ntotal"
    assert [(edge["source"], edge["target"]) for edge in after["edges"]] == [
        ("lead", "order"),
        ("order", "b"),
        ("order", "c"),
    ]


def test_a_rename_that_would_change_what_an_expression_means_is_refused() -> None:
    before = workflow(node("a"), node("b", inputs={"value": "{{ [a.rate * x for x in a.items] }}"}))

    assert "x is already a variable" in reason(before, {"op": "rename_node", "id": "a", "to": "x"})


@pytest.mark.parametrize("new", ["b", "class", "now", "two words", ""])
def test_a_node_cannot_take_an_id_that_is_taken_or_no_name(new: str) -> None:
    assert reason(workflow(node("a"), node("b")), {"op": "rename_node", "id": "a", "to": new})


def test_a_new_label_renames_the_id_that_was_made_from_the_old_one() -> None:
    before = workflow(node("fetch"), node("b", inputs={"value": "{{ fetch.x }}"}), edges="lead>fetch fetch>b")

    applied = apply_ops(before, [{"op": "set_label", "id": "fetch", "label": "Load order"}], STEPS)

    assert [op["op"] for op in applied.ops] == ["set", "rename_node", "set"]
    assert find(applied.definition, "b")["data"]["inputs"]["value"] == "{{ load_order.x }}"
    assert apply(applied.definition, *applied.inverse) == before


def test_a_new_label_leaves_an_id_that_a_person_chose() -> None:
    before = apply(workflow(node("fetch")), {"op": "rename_node", "id": "fetch", "to": "mine"})

    assert find(apply(before, {"op": "set_label", "id": "mine", "label": "New"}), "mine")["data"]["label"] == "New"


def test_setting_a_value_makes_the_objects_on_the_way() -> None:
    before = workflow(node("a"))
    op = {"op": "set", "id": "a", "path": ["retry", "max_attempts"], "value": 3}

    applied = apply_ops(before, [op], STEPS)

    assert find(applied.definition, "a")["data"]["retry"] == {"max_attempts": 3}
    assert apply(applied.definition, *applied.inverse) == before


def test_an_op_for_a_node_that_is_gone_is_refused_and_the_rest_applied() -> None:
    ops = [
        {"op": "move_node", "id": "gone", "position": {"x": 1, "y": 1}},
        {"op": "move_node", "id": "a", "position": {"x": 8, "y": 16}},
    ]

    applied = apply_ops(workflow(node("a")), ops, STEPS)

    assert applied.rejected == [{"op": ops[0], "reason": "There is no node 'gone' any more."}]
    assert find(applied.definition, "a")["position"] == {"x": 8, "y": 16}


def test_the_same_connection_is_made_once_and_never_to_itself() -> None:
    before = workflow(node("a"), edges="lead>a")

    assert "already" in reason(before, {"op": "add_edge", "edge": {"source": "lead", "target": "a"}})
    assert "itself" in reason(before, {"op": "add_edge", "edge": {"source": "a", "target": "a"}})


def test_unknown_fields_of_nodes_and_edges_are_kept() -> None:
    before = {**workflow({**node("a"), "width": 200}), "meta": {"x": 1}}

    after = apply(before, {"op": "rename_node", "id": "a", "to": "b"})

    assert find(after, "b")["width"] == 200
    assert after["meta"] == {"x": 1}


deep: list[Any] = []
for _ in range(5_000):
    deep = [deep]


@pytest.mark.parametrize(
    "op",
    [
        None,
        5,
        [],
        {},
        {"op": "explode"},
        {"op": ["add_node"]},
        {"op": "add_node"},
        {"op": "add_node", "node": {"type": "thing"}},
        {"op": "add_node", "node": {"type": "action", "data": 5}},
        {"op": "add_node", "node": {"type": "action", "position": {"x": float("nan"), "y": 0}}},
        {"op": "move_node", "id": "a", "position": {"x": "1", "y": None}},
        {"op": "move_node", "id": "a"},
        {"op": "set", "id": "a", "path": [], "value": 1},
        {"op": "set", "id": "a", "path": ["label", "x"], "value": 1},
        {"op": "set", "id": "a", "path": [1], "value": 1},
        {"op": "set", "id": "a", "path": ["x"]},
        {"op": "set", "id": "a", "path": ["x"], "value": "\0"},
        {"op": "set", "id": "a", "path": ["x"], "value": "\ud800"},
        {"op": "set", "id": "a", "path": ["x"], "value": deep},
        {"op": "set_workflow", "field": "rev", "value": "1"},
        {"op": "set_workflow", "field": "name", "value": " "},
        {"op": "set_label", "id": "a", "label": ""},
        {"op": "remove_edge", "id": {}},
    ],
)
def test_a_senseless_op_is_refused_with_a_reason(op: Any) -> None:
    assert reason(workflow(node("a")), op)


IN_AND_OUT = workflow(
    node("each", "logic/for-each"),
    node("a", parent="each"),
    node("b", parent="each"),
    node("c"),
    edges="lead>each each>c a>b",
)


def put(*ids: str, into: str | None) -> dict[str, Any]:
    return {"op": "set_parent", "nodes": [{"id": id_, "position": {"x": 9, "y": 9}} for id_ in ids], "parent": into}


def test_a_node_goes_into_a_loop_without_the_edges_across_its_border() -> None:
    changed = apply(IN_AND_OUT, put("c", into="each"))

    assert (find(changed, "c")["parentId"], find(changed, "c")["position"]) == ("each", {"x": 9, "y": 9})
    assert [edge["id"] for edge in changed["edges"]] == ["lead>each", "a>b"]


def test_nodes_that_leave_a_loop_together_stay_connected() -> None:
    changed = apply(IN_AND_OUT, put("a", "b", into=None))

    assert "parentId" not in find(changed, "a")
    assert [edge["id"] for edge in changed["edges"]] == ["lead>each", "each>c", "a>b"]


def test_a_loop_goes_with_all_that_is_in_it_and_comes_back_with_it() -> None:
    applied = apply_ops(IN_AND_OUT, [{"op": "remove_node", "id": "each"}], STEPS)

    assert [node["id"] for node in applied.definition["nodes"]] == ["lead", "c"]
    assert apply(applied.definition, *applied.inverse) == IN_AND_OUT


def test_a_renamed_loop_keeps_what_is_in_it() -> None:
    changed = apply(IN_AND_OUT, {"op": "rename_node", "id": "each", "to": "every"})

    assert find(changed, "a")["parentId"] == "every"


@pytest.mark.parametrize(
    ("op", "said"),
    [
        (put("lead", into="each"), "A trigger can't be in a loop"),
        (put("a", into="c"), "'c' is no loop"),
        (put("a", into="gone"), "There is no node 'gone'"),
        (put("gone", into="each"), "There is no node 'gone'"),
        (put("each", into="each"), "A loop can't be in itself"),
        ({"op": "add_node", "node": node("new", parent="gone")}, "There is no node 'gone'"),
        ({"op": "add_edge", "edge": {"source": "lead", "target": "a"}}, "An edge can't lead into or out of a loop"),
    ],
)
def test_what_no_loop_allows_is_refused_and_changes_nothing(op: dict[str, Any], said: str) -> None:
    assert reason(IN_AND_OUT, op).startswith(said)
    assert apply(IN_AND_OUT, op) == IN_AND_OUT


def test_a_loop_is_not_put_into_one_that_is_in_it() -> None:
    definition = workflow(node("outer", "logic/for-each"), node("inner", "logic/for-each", parent="outer"))

    assert reason(definition, put("outer", into="inner")) == "A loop can't be in itself."


def test_too_many_ops_at_once_are_refused_as_a_whole() -> None:
    applied = apply_ops(workflow(), [{}] * (MAX_OPS + 1), STEPS)

    assert len(applied.rejected) == 1


ids = st.sampled_from(["lead", "a", "b", "c", "d", "x", "gone"])
values = st.sampled_from([None, 1, "{{ a.x + b.y }}", {"k": "{{ c }}"}, ["{{ [x for x in d] }}"]])
paths = st.sampled_from([["inputs", "value"], ["inputs", "value", "k"], ["retry", "delay"], ["label"], ["inputs"]])
labels = st.sampled_from(["A", "Fetch company", "b", "Übung", "class"])
positions = st.builds(lambda x, y: {"x": x, "y": y}, st.integers(-99, 99), st.floats(-9, 9))
operations = st.one_of(
    st.builds(
        lambda i, t, v: {
            "op": "add_node",
            "node": {"id": i, "type": "action", "data": {"label": t, "inputs": {"value": v}}},
        },
        ids,
        labels,
        values,
    ),
    st.builds(lambda i: {"op": "add_node", "node": {"id": i, "type": "group", "data": {}}}, ids),
    st.builds(lambda i, p: {"op": "add_node", "node": {"id": i, "type": "action", "parentId": p}}, ids, ids),
    st.builds(
        lambda moved, at, p: {"op": "set_parent", "nodes": [{"id": i, "position": at} for i in moved], "parent": p},
        st.lists(ids, max_size=3),
        positions,
        st.none() | ids,
    ),
    st.builds(lambda i: {"op": "remove_node", "id": i}, ids),
    st.builds(lambda i, p: {"op": "move_node", "id": i, "position": p}, ids, positions),
    st.builds(lambda i, p, v: {"op": "set", "id": i, "path": p, "value": v}, ids, paths, values),
    st.builds(lambda i, p: {"op": "set", "id": i, "path": p, "remove": True}, ids, paths),
    st.builds(lambda i, t: {"op": "rename_node", "id": i, "to": t}, ids, ids),
    st.builds(lambda i, t: {"op": "set_label", "id": i, "label": t}, ids, labels),
    st.builds(lambda s, t: {"op": "add_edge", "edge": {"source": s, "target": t}}, ids, ids),
    st.builds(lambda s, t: {"op": "remove_edge", "id": f"{s}-{t}"}, ids, ids),
    st.builds(lambda v: {"op": "set_workflow", "field": "name", "value": v}, labels),
)


@given(st.lists(operations, max_size=20))
def test_the_inverse_undoes_and_the_ops_replay_whatever_was_done(ops: list[dict[str, Any]]) -> None:
    loop = [node("d", "logic/for-each"), node("x", parent="d")]
    before = workflow(
        node("a", inputs={"value": "{{ lead.x }}"}), node("b"), node("c"), *loop, edges="lead>a a>b b>c:true"
    )

    applied = apply_ops(before, ops, STEPS)
    replayed = apply_ops(before, applied.ops, STEPS)
    undone = apply_ops(applied.definition, applied.inverse, STEPS)

    assert (replayed.definition, replayed.rejected) == (applied.definition, [])
    assert (undone.definition, undone.rejected) == (before, [])


def test_a_workflow_does_not_grow_without_bounds_but_may_always_shrink() -> None:
    definition = workflow(node("a"))
    sets = [{"op": "set", "id": "a", "path": ["inputs", f"f{n}"], "value": "x" * 3_000_000} for n in range(3)]

    grown = apply_ops(definition, sets, STEPS)
    large = apply_ops(definition, sets[:2], STEPS).definition
    large["description"] = "x" * 5_000_000
    shrunk = apply_ops(large, [{"op": "remove_node", "id": "lead"}], STEPS)

    assert grown.definition == definition
    assert [found["reason"][:33] for found in grown.rejected] == ["The workflow would be larger than"] * 3
    assert shrunk.rejected == []


def test_a_widely_used_node_is_not_renamed_over_and_over_in_one_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.draft.MAX_REWRITTEN", 3)
    definition = workflow(*(node(id_, inputs={"value": "{{ lead }}"}) for id_ in "abc"))
    renames = [{"op": "rename_node", "id": old, "to": new} for old, new in [("lead", "leads"), ("leads", "lead")]]

    applied = apply_ops(definition, renames, STEPS)

    assert [found["op"] for found in applied.rejected] == renames[1:]
