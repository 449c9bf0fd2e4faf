"""The rules of an execution, over random graphs with random outcomes and crashes in between."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.commands import Command, EndExecution, FailNode, PassNode, SkipNode, StartNode
from engine.events import ENDED, Event
from engine.graph import Graph, parse
from engine.models import Execution
from engine.progress import State
from engine.scope import Scope
from engine.state import decide, fold, next_due
from tests.engine.build import node, workflow

START = datetime(2026, 11, 1, tzinfo=UTC)
ERROR = {"type": "step_failed", "message": "No luck."}


@dataclass
class Play:
    """Plays the runner: obeys each command at once and lets the started steps end in a chosen order."""

    graph: Graph
    state: State = field(init=False)
    events: list[Event] = field(default_factory=list)
    started: list[StartNode] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    now: datetime = START

    def __post_init__(self) -> None:
        self.state = State(self.graph)
        self.log(status="running")

    def log(self, **what: Any) -> None:
        event = Event(execution_id="ex", seq=len(self.events) + 1, timestamp=self.now, **what)
        self.events.append(event)
        fold(self.state, event)

    def obey(self) -> None:
        while commands := decide(self.state, self.now):
            for command in commands:
                self.commands.append(command)
                self.do(command)

    def do(self, command: Command) -> None:
        match command:
            case StartNode(node_id, _, attempt):
                self.started.append(command)
                self.log(status="running", node_id=node_id, attempt=attempt)
            case SkipNode(node_id):
                self.log(status="skipped", node_id=node_id)
            case PassNode(node_id, _, handles):
                self.log(status="succeeded", node_id=node_id, handles=handles)
            case FailNode(node_id, _, attempt, error):
                self.log(status="failed", node_id=node_id, attempt=attempt, error=error)
            case EndExecution(status, result, error):
                self.log(status=status, output=result, error=error)

    def end(self, step: StartNode, status: str = "succeeded", **what: Any) -> None:
        self.started.remove(step)
        self.log(status=status, node_id=step.node_id, attempt=step.attempt, **what)

    def crash(self) -> None:
        """Forget everything but the log, and go on from it."""
        self.started.clear()
        self.state = State(self.graph)
        for event in self.events:
            fold(self.state, event)
        self.log(status="running")


def play(*nodes: dict[str, Any], edges: str) -> Play:
    play = Play(parse(workflow(*nodes, edges=edges)))
    play.obey()
    return play


def end_next(play: Play, status: str = "succeeded", **what: Any) -> None:
    play.end(play.started[0], status, **what)
    play.obey()


def started(play: Play) -> list[str]:
    return [step.node_id for step in play.started]


def test_only_the_trigger_starts_at_first() -> None:
    assert started(play(node("a"), edges="lead>a")) == ["lead"]


def test_a_join_waits_for_both_branches() -> None:
    diamond = play(node("a"), node("b"), node("end"), edges="lead>a lead>b a>end b>end")

    end_next(diamond)
    end_next(diamond)

    assert started(diamond) == ["b"]


def test_a_join_of_any_starts_at_the_first_edge_and_once() -> None:
    race = play(node("a"), node("b"), node("end", join="any"), edges="lead>a lead>b a>end b>end")

    for _ in range(4):
        end_next(race)

    assert [command.node_id for command in race.commands if isinstance(command, StartNode)].count("end") == 1
    assert race.state.status == "succeeded"


def test_running_steps_may_finish_after_a_failure_and_nothing_new_starts() -> None:
    two = play(node("a"), node("b"), node("c"), edges="lead>a lead>b b>c")

    end_next(two)
    end_next(two, "failed", error=ERROR)
    assert started(two) == ["b"]
    end_next(two)

    assert started(two) == []
    assert two.commands[-1] == EndExecution("failed", error={**ERROR, "node": "a"})


def test_a_retry_comes_after_a_growing_delay_and_not_before() -> None:
    retried = play(node("a", retry={"max_attempts": 3, "delay": 10, "backoff": 10}), edges="lead>a")
    end_next(retried)
    waits = []

    for _ in range(2):
        end_next(retried, "failed", error={**ERROR, "retryable": True})
        due = next_due(retried.state)
        assert due is not None
        assert started(retried) == []
        waits.append((due - retried.now).total_seconds())
        retried.now = due
        retried.obey()
    end_next(retried, "failed", error={**ERROR, "retryable": True})

    assert retried.state.status == "failed"
    assert 5 <= waits[0] <= 15
    assert 30 <= waits[1] <= 90


def test_a_failure_that_no_retry_helps_is_final() -> None:
    once = play(node("a", retry={"max_attempts": 3}), edges="lead>a")
    end_next(once)
    end_next(once, "failed", error=ERROR)

    assert once.state.status == "failed"


def test_the_service_says_how_long_to_wait() -> None:
    busy = play(node("a", retry={"max_attempts": 2, "delay": 1}), edges="lead>a")
    end_next(busy)
    end_next(busy, "failed", error={**ERROR, "retryable": True, "retry_after": 120})

    assert next_due(busy.state) == START + timedelta(seconds=120)


def test_a_step_that_ran_at_a_crash_is_started_again_as_the_next_attempt() -> None:
    crashed = play(node("a"), edges="lead>a")
    end_next(crashed)
    crashed.crash()
    crashed.obey()

    assert crashed.started == [StartNode("a", (), 2)]


def test_a_step_that_kills_the_process_before_its_row_is_written_is_given_up_in_the_end() -> None:
    crashed = play(node("a"), edges="lead>a")
    end_next(crashed)
    del crashed.events[-1]  # the row that says it runs

    for _ in range(5):
        crashed.crash()
    crashed.obey()

    assert isinstance(crashed.commands[-2], FailNode)
    assert crashed.state.status == "failed"


def test_attempts_that_failed_before_a_crash_do_not_count_as_interrupted() -> None:
    crashed = play(node("a", retry={"max_attempts": 5, "delay": 0}), edges="lead>a")
    end_next(crashed)
    for _ in range(4):
        end_next(crashed, "failed", error={**ERROR, "retryable": True})

    crashed.crash()
    crashed.obey()

    assert crashed.started == [StartNode("a", (), 6)]


def test_a_node_that_waits_is_not_settled_and_keeps_the_execution_open() -> None:
    parked = play(node("a"), node("b"), edges="lead>a a>b")
    end_next(parked)
    parked.end(parked.started[0], "waiting", effect={"wait": {"what": "request"}})
    parked.crash()
    parked.obey()

    assert parked.started == []
    assert not parked.state.is_ended
    parked.log(status="succeeded", node_id="a")
    parked.obey()
    assert started(parked) == ["b"]


def test_the_nodes_of_enclosing_iterations_are_found_from_the_inside() -> None:
    state = State(parse(workflow(node("a"), node("b"), edges="lead>a a>b")))
    for number, (id_, iteration) in enumerate([("lead", ()), ("a", (3,)), ("a", (4,))], 1):
        event = Event(
            execution_id="ex", seq=number, status="succeeded", timestamp=START, node_id=id_, iteration=iteration,
            output=[id_, *iteration],
        )  # fmt: skip
        fold(state, event)
    scope = Scope(Execution(workflow_id="wf", definition={}), state, ("b", (3, 0)), 1)

    assert (scope["trigger"], scope["lead"], scope["a"]) == (["lead"], ["lead"], ["a", 3])


@pytest.mark.parametrize(
    ("edges", "result"),
    [("", 0), ("lead>a", 1), ("lead>a lead>b", {"a": 1, "b": 2}), ("lead>a a>b", 2), ("lead>a a>b:other", 1)],
)
def test_the_result_is_what_the_last_nodes_gave(edges: str, result: Any) -> None:
    ended = play(node("a"), node("b"), edges=edges)
    outputs = {"lead": 0, "a": 1, "b": 2}

    while ended.started:
        end_next(ended, output=outputs[ended.started[0].node_id])

    assert ended.commands[-1] == EndExecution("succeeded", result=result)


@st.composite
def definitions(draw: st.DrawFn) -> dict[str, Any]:
    size = draw(st.integers(1, 9))
    ids = ["lead", *(f"n{number}" for number in range(size))]
    nodes = [
        node(
            id_,
            join=draw(st.sampled_from(["all", "all", "any"])),
            enabled=draw(st.sampled_from([True, True, True, False])),
            on_error=draw(st.sampled_from(["stop", "continue", "branch"])),
            retry={"max_attempts": draw(st.integers(1, 3))},
        )
        for id_ in ids[1:]
    ]
    pairs = [(source, target) for place, source in enumerate(ids) for target in ids[place + 1 :]]
    handles = st.sampled_from(["", "", ":true", ":false", ":error"])
    edges = [f"{s}>{t}{draw(handles)}" for s, t in draw(st.lists(st.sampled_from(pairs), unique=True, max_size=20))]
    return workflow(*nodes, edges=" ".join(edges))


OUTCOMES: list[dict[str, Any]] = [
    {"output": 1},
    {"output": 1},
    {"handles": ("true",)},
    {"handles": ("false",)},
    {"handles": ("true", "false")},
    {"status": "failed", "error": ERROR},
    {"status": "failed", "error": {**ERROR, "retryable": True}},
]


def play_on(draw: Any, game: Play) -> None:
    """Let steps end in any order and any way, and crash now and then, until the execution has ended."""
    for _ in range(500):
        game.obey()
        if game.state.is_ended:
            return
        if not game.started:
            due = next_due(game.state)
            assert due is not None, "nothing runs and nothing will"
            game.now = due
        elif draw(st.integers(0, 9)) == 0:
            game.crash()
        else:
            step = draw(st.sampled_from(game.started))
            outcome = dict(draw(st.sampled_from(OUTCOMES)))
            if outcome.get("status") == "failed" and game.graph.nodes[step.node_id].on_error == "branch":
                outcome["handles"] = ("error",)
            game.end(step, **outcome)
    raise AssertionError("the execution didn't end")


def is_taken(game: Play, edge: Any, at: int) -> bool | None:
    """Say by the log alone whether an edge was taken, None while it wasn't decided."""
    rows = [event for event in game.events[:at] if event.node_id == edge.source]
    if not rows or rows[-1].status not in ENDED:
        return None
    row = rows[-1]
    if row.status == "skipped":
        return False
    return edge.handle in row.handles if row.handles else edge.handle is None


@given(definitions(), st.data())
def test_every_execution_ends_and_no_rule_is_broken(definition: dict[str, Any], data: st.DataObject) -> None:
    game = Play(parse(definition))

    play_on(data.draw, game)

    assert game.events[-1].node_id is None
    for at, event in enumerate(game.events):
        if event.node_id is None or event.node_id == "lead" or event.attempt > 1:
            continue
        decided = [is_taken(game, edge, at) for edge in game.graph.incoming[event.node_id]]
        joins_any = game.graph.nodes[event.node_id].join == "any"
        assert None not in decided or (joins_any and True in decided)
        assert (event.status == "skipped") == (True not in decided)


@given(definitions(), st.data())
def test_a_node_succeeds_or_is_skipped_at_most_once(definition: dict[str, Any], data: st.DataObject) -> None:
    game = Play(parse(definition))

    play_on(data.draw, game)

    final = [event.node_id for event in game.events if event.node_id and event.status in {"succeeded", "skipped"}]
    assert len(final) == len(set(final))


@given(definitions(), st.data())
def test_the_log_alone_gives_the_same_state(definition: dict[str, Any], data: st.DataObject) -> None:
    game = Play(parse(definition))

    play_on(data.draw, game)
    again = State(game.graph)
    for event in game.events:
        fold(again, event)

    assert again == game.state
