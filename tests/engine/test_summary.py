"""How each node fared, folded from the log: over attempts, and in loops over iterations."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import delete

from engine import summaries
from engine.fate import NodeSummary, Rounds, Row
from engine.models import ExecutionLog
from engine.summary import Summary
from tests.engine.build import node, workflow
from tests.engine.conftest import Engine

START = datetime(2026, 12, 1, 8, tzinfo=UTC)
LOOP = workflow(
    node("each", "logic/for-each"),
    node("ask", parent="each", on_error="continue"),
    node("tell", parent="each"),
    edges="lead>each ask>tell",
)
NESTED = workflow(
    node("outer", "logic/for-each"),
    node("inner", "logic/for-each", parent="outer"),
    node("deep", parent="inner"),
    edges="lead>outer",
)


def begun(id_: str, count: int, *path: int, **what: Any) -> dict[str, Any]:
    return row(id_, "running", *path, effect={"loop": {"count": count, "concurrency": 2}}, **what)


def row(id_: str | None, status: str, *path: int, attempt: int = 1, **what: Any) -> dict[str, Any]:
    return {"node_id": id_, "status": status, "iteration": path, "attempt": attempt, **what}


def fold(rows: Iterable[dict[str, Any]], definition: dict[str, Any] = LOOP) -> dict[str, NodeSummary]:
    summary = Summary(definition)
    for seq, said in enumerate(rows, 1):
        summary.add(Row(seq=seq, timestamp=START + timedelta(seconds=seq), **said))
    return summary.nodes()


def test_iterations_are_counted_by_status() -> None:
    ask = fold([begun("each", 4), row("ask", "succeeded", 0), row("ask", "failed", 1), row("ask", "running", 2)])["ask"]

    assert ask.iterations == {"total": 3, "succeeded": 1, "failed": 1, "running": 1}


@pytest.mark.parametrize(
    ("rows", "status"),
    [
        (["succeeded", "running", "waiting"], "running"),
        (["failed", "waiting"], "waiting"),
        (["succeeded", "failed"], "failed"),
        (["skipped", "succeeded"], "succeeded"),
        (["skipped", "skipped"], "skipped"),
    ],
)
def test_over_all_iterations_a_node_has_the_status_that_matters_most(rows: list[str], status: str) -> None:
    nodes = fold([begun("each", 3), *(row("tell", said, place) for place, said in enumerate(rows))])

    assert nodes["tell"].status == status


def test_a_failure_that_the_node_handles_is_only_counted() -> None:
    ask = fold([begun("each", 2), row("ask", "failed", 0), row("ask", "succeeded", 1)])["ask"]

    assert (ask.status, ask.iterations) == ("succeeded", {"total": 2, "failed": 1, "succeeded": 1})


def test_an_edge_is_taken_when_any_iteration_took_it() -> None:
    tell = fold([row("tell", "succeeded", 0, handles=["a"]), row("tell", "succeeded", 1, handles=["b"])])["tell"]

    assert tell.ways == {"a", "b"}


def test_a_loop_says_how_many_of_its_iterations_are_done() -> None:
    each = fold([begun("each", 3), *(row(id_, "succeeded", place) for id_ in ("ask", "tell") for place in (0, 2))])

    assert each["each"].status == "running"
    assert each["each"].rounds == Rounds(done=2, total=3)


@pytest.mark.parametrize(
    ("status", "rounds"),
    [("failed", Rounds(done=1, total=3, failed=1)), ("cancelled", Rounds(done=1, total=3, cancelled=1))],
)
def test_a_round_that_did_not_end_well_is_not_done(status: str, rounds: Rounds) -> None:
    well = [row(id_, "succeeded", 0) for id_ in ("ask", "tell")]
    rows = [begun("each", 3), *well, row("ask", "succeeded", 1), row("tell", status, 1), row("each", status)]

    assert fold(rows)["each"].rounds == rounds


def test_a_round_is_lost_once_however_many_of_its_nodes_are() -> None:
    rows = [begun("each", 1), row("tell", "failed", 0), row("ask", "cancelled", 0), row("each", "failed")]

    assert fold(rows)["each"].rounds == Rounds(total=1, failed=1)


def test_a_round_in_which_a_node_handled_its_failure_is_done() -> None:
    rows = [begun("each", 1), row("ask", "failed", 0), row("tell", "succeeded", 0)]

    assert fold(rows)["each"].rounds == Rounds(done=1, total=1)


def test_the_rounds_of_an_inner_loop_that_is_tried_again_count_once_more() -> None:
    again = {"error": {"message": "Busy.", "retry_at": "soon"}}
    first = [begun("outer", 1), begun("inner", 1, 0), row("deep", "failed", 0, 0), row("inner", "failed", 0, **again)]
    rows = [*first, begun("inner", 1, 0, attempt=2), row("deep", "succeeded", 0, 0), row("inner", "succeeded", 0)]
    nodes = fold(rows, NESTED)

    assert nodes["inner"].rounds == Rounds(done=1, total=2, failed=1)
    assert nodes["outer"].rounds == Rounds(done=1, total=1)


def test_a_repeat_does_not_know_how_often_it_will_run() -> None:
    effect = {"loop": {"count": 100, "concurrency": 1, "until": "True"}}
    rows = [row("each", "running", effect=effect), row("ask", "succeeded", 0), row("tell", "skipped", 0)]

    assert fold(rows)["each"].rounds == Rounds(done=1)


def test_the_iterations_of_inner_loops_are_added_up() -> None:
    inner = [(begun("inner", 2, i), row("deep", "succeeded", i, 0), row("deep", "succeeded", i, 1)) for i in (0, 1)]
    rows = [begun("outer", 2), *inner[0], row("inner", "succeeded", 0), *inner[1]]
    nodes = fold(rows, NESTED)

    assert (nodes["outer"].rounds, nodes["inner"].rounds) == (Rounds(done=1, total=2), Rounds(done=4, total=4))
    assert nodes["deep"].iterations == {"total": 4, "succeeded": 4}


def test_a_loop_that_is_tried_again_counts_from_the_beginning() -> None:
    again = {"error": {"message": "Busy.", "retry_at": "soon"}}
    rows = [begun("each", 2), row("ask", "succeeded", 0), row("tell", "failed", 0), row("each", "failed", **again)]
    nodes = fold([*rows, begun("each", 2, attempt=2), row("ask", "succeeded", 0)])

    assert (nodes["ask"].iterations, nodes["each"].attempts) == ({"total": 1, "succeeded": 1}, 2)
    assert "tell" not in nodes


def test_what_was_to_be_tried_again_in_a_loop_that_failed_has_failed() -> None:
    again = {"error": {"message": "Busy.", "retry_at": "soon"}}
    rows = [begun("each", 2), row("tell", "failed", 0, **again), row("tell", "failed", 1)]

    assert fold(rows)["tell"].status == "waiting"
    assert fold([*rows, row("each", "failed")])["tell"].iterations == {"total": 2, "failed": 2}


def test_of_many_rows_the_last_are_to_be_shown_and_of_those_that_wait_the_first() -> None:
    ended = [row("ask", "succeeded", place) for place in range(10)]
    waiting = [row("ask", "waiting", place) for place in (10, 11)]

    assert (fold(ended)["ask"].rows, fold(ended)["ask"].latest) == (10, (6, 7, 8, 9, 10))
    assert fold([*ended, *waiting])["ask"].latest == (11,)


def test_of_iterations_of_which_some_failed_the_first_failure_is_to_be_shown() -> None:
    ended = [row("tell", status, place) for place, status in enumerate(["succeeded", "failed", "failed", "succeeded"])]

    assert fold([begun("each", 4), *ended])["tell"].latest == (3,)


@pytest.mark.parametrize("status", ["failed", "waiting"])
def test_with_a_failure_or_a_wait_is_shown_what_the_attempt_got(status: str) -> None:
    rows = [begun("each", 2), row("tell", "running", 0), row("tell", "running", 1), row("tell", status, 0)]

    assert fold([*rows, row("tell", "succeeded", 1)])["tell"].latest == (2, 4)


async def test_a_summary_reads_on_where_it_was(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summaries, "PAGE", 3)
    definition = workflow(node("a", retry={"max_attempts": 2}), node("b"), edges="lead>a a>b")
    execution_id = await engine.insert(definition)
    assert await engine.statuses(execution_id) == {}
    await engine.drive(execution_id)

    assert await engine.statuses(execution_id) == {"lead": "succeeded", "a": "succeeded", "b": "succeeded"}


async def test_what_this_process_writes_is_known_without_being_read(engine: Engine) -> None:
    execution_id = await engine.insert(workflow(node("a"), edges="lead>a"))
    assert await engine.statuses(execution_id) == {}
    await engine.drive(execution_id)
    async with engine.database.write() as session:
        await session.exec(delete(ExecutionLog))

    assert await engine.statuses(execution_id) == {"lead": "succeeded", "a": "succeeded"}


async def test_nobody_knows_how_an_execution_fares_that_is_not_there(engine: Engine) -> None:
    assert await engine.statuses("ex_none") == {}
