"""What becomes of loops, waits and retries when something else ends the loop around them, or everything."""

from datetime import UTC, datetime
from typing import Any

from engine.commands import CancelNode, EndExecution, FailNode
from engine.events import RETRY_AT, Event
from engine.graph import parse
from engine.progress import State
from engine.state import decide, fold
from tests.engine.build import node, workflow

START = datetime(2026, 11, 1, tzinfo=UTC)
ERROR = {"type": "step_failed", "message": "No luck."}
LOOP = {"loop": {"count": 2, "concurrency": 1}}
REPEAT = {"loop": {"count": 2, "concurrency": 1, "until": "x"}}
STOP = {"stop": {"status": "succeeded", "message": ""}}


def group(id_: str, parent: str | None = None) -> dict[str, Any]:
    return node(id_, "logic/for-each", parent=parent)


def row(node_id: str, status: str, *iteration: int, **what: Any) -> dict[str, Any]:
    return {"node_id": node_id, "status": status, "iteration": iteration, **what}


def failed(node_id: str, *iteration: int) -> dict[str, Any]:
    return row(node_id, "failed", *iteration, error=ERROR)


def after(definition: dict[str, Any], *rows: dict[str, Any]) -> State:
    state = State(parse(definition))
    add(state, {"status": "running"}, row("lead", "succeeded"), *rows)
    return state


def add(state: State, *rows: dict[str, Any]) -> None:
    for what in rows:
        fold(state, Event(execution_id="ex", seq=state.seq + 1, timestamp=START, **what))


BESIDE = workflow(group("all"), node("in", parent="all"), node("a"), edges="lead>all lead>a")


def test_a_loop_is_cancelled_after_what_runs_in_it_has_ended() -> None:
    state = after(BESIDE, row("all", "running", effect=LOOP), row("in", "running", 0), failed("a"))

    assert decide(state, START) == []
    add(state, row("in", "succeeded", 0))
    assert decide(state, START) == [CancelNode("all", (), 1)]


def test_what_would_be_tried_again_is_cancelled_when_all_ends() -> None:
    state = after(
        workflow(node("a"), node("b", retry={"max_attempts": 2}), edges="lead>a lead>b"),
        row("b", "failed", error={**ERROR, "retryable": True, RETRY_AT: START.isoformat()}),
        failed("a"),
    )

    assert decide(state, START) == [CancelNode("b", (), 1)]


def test_of_a_stop_and_a_failure_the_first_decides() -> None:
    definition = workflow(node("a"), node("b"), edges="lead>a lead>b")
    running = [row("a", "running"), row("b", "running")]
    stopped = after(definition, *running, row("a", "succeeded", output=1, effect=STOP), failed("b"))
    broken = after(definition, *running, failed("b"), row("a", "succeeded", output=1, effect=STOP))

    assert decide(stopped, START) == [EndExecution("succeeded", result=1)]
    assert decide(broken, START) == [EndExecution("failed", error={"node": "b", **ERROR})]


INSIDE = workflow(
    group("outer"), group("inner", "outer"), node("x", parent="inner"), node("bad", parent="outer"), edges="lead>outer"
)
BEGUN = (row("outer", "running", effect=LOOP), row("inner", "running", 0, effect=REPEAT))


def test_no_iteration_begins_in_a_loop_that_fails_while_an_until_is_evaluated() -> None:
    checked = row("inner", "running", 0, effect={"check": {"index": 0, "is_last": False}})
    in_memory = row("inner", "running", 0)

    state = after(INSIDE, *BEGUN, row("x", "succeeded", 0, 0), in_memory, failed("bad", 0), checked)

    assert [type(command) for command in decide(state, START)] == [CancelNode, FailNode]


def test_a_loop_that_begins_in_a_loop_that_fails_runs_nothing() -> None:
    outer, inner = BEGUN

    state = after(INSIDE, outer, row("inner", "running", 0), failed("bad", 0), inner)

    assert [type(command) for command in decide(state, START)] == [CancelNode, FailNode]


def test_what_begins_to_wait_in_a_loop_that_fails_is_cancelled() -> None:
    wait = row("x", "waiting", 0, 0, effect={"wait": {"what": "time"}}, resume_at=START)

    state = after(INSIDE, *BEGUN, row("x", "running", 0, 0), failed("bad", 0), wait)

    assert [type(command) for command in decide(state, START)] == [CancelNode, CancelNode, FailNode]
