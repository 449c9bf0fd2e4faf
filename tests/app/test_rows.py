"""The rows of live lists, and times in words."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.ui.rows import PREVIEW, count_of, problem_rows, problems_by_node, step_detail, step_rows
from app.ui.times import ago, data_size, duration

NOW = datetime(2026, 12, 1, 8, tzinfo=UTC)


def execution(*ids: str, **nodes: dict[str, Any]) -> dict[str, Any]:
    """An execution as the interface shows it."""
    definition = {"nodes": [{"id": id_, "data": {"label": id_.title(), "action": "code/python"}} for id_ in ids]}
    summaries = {id_: {"status": "succeeded", "attempts": 1, "duration_ms": 8} | node for id_, node in nodes.items()}
    return {"definition": definition, "nodes": summaries, "status": "failed", "duration_ms": 1_420} | {
        "error": {"message": "It broke."},
        "input": {"name": "Ada"},
        "result": None,
    }


def entry(**fields: Any) -> dict[str, Any]:
    return {"input": None, "output": None, "error": None, "stdout": None} | fields


def test_nodes_are_listed_in_the_order_in_which_they_began() -> None:
    later = NOW + timedelta(seconds=1)
    rows = step_rows(execution("a", "b", "c", "d", b={"started_at": later}, d={"started_at": NOW}))

    assert [(row.id, row.status) for row in rows] == [
        ("d", "succeeded"),
        ("b", "succeeded"),
        ("a", "pending"),
        ("c", "pending"),
    ]


def test_a_nodes_data_is_its_last_input_output_and_error() -> None:
    log = [
        entry(input={"n": 1}),
        entry(error={"message": "Once more."}),
        entry(input={"n": 2}),
        entry(output=[True], stdout="so far\n"),
    ]
    detail = step_detail(execution("a", a={"started_at": NOW}), "a", log)

    assert (detail.label, detail.duration, detail.error) == ("A", "8 ms", "")
    assert (detail.input, detail.output, detail.stdout) == ('{\n  "n": 2\n}', "[\n  true\n]", "so far\n")


def test_without_a_node_the_executions_own_data_is_shown() -> None:
    detail = step_detail(execution("a"), "", [])

    assert (detail.status, detail.error, detail.output) == ("failed", "It broke.", "")
    assert detail.input == '{\n  "name": "Ada"\n}'


def test_a_node_that_is_gone_is_shown_by_its_id() -> None:
    assert step_detail(execution("a"), "nobody", []).label == "nobody"


def test_of_a_huge_value_only_the_beginning_is_sent() -> None:
    detail = step_detail(execution("a"), "a", [entry(output="x" * 1_000_000, stdout="y" * 1_000_000)])

    assert len(detail.output) < PREVIEW + 100
    assert detail.output.endswith("characters more")
    assert len(detail.stdout) < PREVIEW + 100


@pytest.mark.parametrize(
    ("node", "words"),
    [
        ({}, ""),
        ({"iterations": {"total": 1, "succeeded": 1}}, "once"),
        (
            {"iterations": {"total": 1204, "succeeded": 1199, "failed": 2, "waiting": 3}},
            "1,204 times, 2 failed, 3 waiting",
        ),
        ({"rounds": {"done": 3, "total": 20_000}}, "3 of 20,000 done"),
        ({"rounds": {"done": 3, "total": None}, "iterations": {"total": 2}}, "3 done"),
        ({"rounds": {"done": 2, "cancelled": 1, "total": 4}}, "2 of 4 done, 1 cancelled"),
        ({"iterations": {"total": 3, "succeeded": 2, "cancelled": 1}}, "3 times, 1 cancelled"),
    ],
)
def test_a_loop_says_how_far_it_is_and_what_is_in_it_how_often_it_ran(node: dict[str, Any], words: str) -> None:
    assert count_of(node) == words


def test_of_a_large_value_it_is_said_how_large_the_whole_is_and_where() -> None:
    file = {"url": "/api/executions/ex_1/files/f", "size": 12_300_000, "kind": "list", "count": 100_000}
    detail = step_detail(execution("a"), "a", [entry(output=[1, 2], files={"output": file})])

    assert detail.output_note == "A preview: the whole is a list of 100,000 entries, 12.3 MB."
    assert detail.output_url == file["url"]
    assert (detail.input_note, detail.output) == ("", "[\n  1,\n  2\n]")


def test_of_a_loop_that_runs_no_output_is_shown() -> None:
    assert step_detail(execution("a"), "a", [entry(status="running", output=["ada", "bob"])]).output == ""


def test_what_waits_says_for_what_and_until_when() -> None:
    wait = {"what": "approval", "until": NOW, "deciders": ["bob@example.com"], "message": "Send it?", "resume_url": ""}
    detail = step_detail(execution("a"), "a", [entry(wait=wait, iteration=[3, 0])])

    assert (detail.waits, detail.until, detail.message) == ("Waits for approval until", NOW.isoformat(), "Send it?")
    assert (detail.deciders, detail.iteration, detail.place) == (["bob@example.com"], [3, 0], "4 · 1")


@pytest.mark.parametrize(("characters", "words"), [(900, "900 B"), (12_300, "12 kB"), (3_440_000, "3.4 MB")])
def test_a_size_has_two_figures_or_more(characters: int, words: str) -> None:
    assert data_size(characters) == words


def test_problems_are_listed_by_label_and_marked_by_node() -> None:
    nodes = [{"id": "ask", "data": {"label": "Ask"}}, {"id": "bare"}, {"id": "odd", "data": {"label": 7}}]
    problems = [{"node": id_, "message": f"In {id_}."} for id_ in ("ask", "bare", "odd", "gone", None)]

    assert [row.label for row in problem_rows(nodes, problems)] == ["Ask", "bare", "7", "", ""]
    assert problems_by_node([*problems, problems[0]])["ask"] == ["In ask.", "In ask."]
    assert None not in problems_by_node(problems)


@pytest.mark.parametrize(
    ("passed", "words"),
    [
        (timedelta(seconds=-5), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=1), "1 min ago"),
        (timedelta(minutes=59, seconds=59), "59 min ago"),
        (timedelta(hours=23), "23 h ago"),
        (timedelta(days=6), "6 d ago"),
        (timedelta(days=7), "24 Nov 2026"),
    ],
)
def test_how_long_ago_is_said_in_the_largest_unit(passed: timedelta, words: str) -> None:
    assert ago(NOW - passed, now=NOW) == words


@pytest.mark.parametrize(
    ("milliseconds", "words"),
    [
        (None, ""),
        (0, "0 ms"),
        (999, "999 ms"),
        (1_420, "1.42 s"),
        (59_940, "59.9 s"),
        (59_999, "1 min 0 s"),
        (185_000, "3 min 5 s"),
        (7_384_000, "123 min 4 s"),
    ],
)
def test_a_duration_has_three_figures_at_most(milliseconds: int | None, words: str) -> None:
    assert duration(milliseconds) == words
