"""Groups: a body that runs for each item, or until it is enough; nested, side by side, failing, interrupted."""

import asyncio
from typing import Any

from engine.progress import State
from engine.replay import replay
from engine.sdk import Field, Loop, Step, StepContext, StepError
from tests.engine.build import node, workflow
from tests.engine.conftest import Engine


def with_loops(engine: Engine) -> None:
    async def each(context: StepContext, *, items: Any, concurrency: int = 1) -> Loop:
        return Loop(items=items, concurrency=concurrency)

    async def again(context: StepContext, *, until: str, times: int) -> Loop:
        return Loop(until=until, max_iterations=times)

    engine.steps |= {"test/each": group(each, ("items", "concurrency")), "test/again": group(again, ("until", "times"))}


def group(run: Any, names: tuple[str, ...]) -> Step:
    fields = tuple(Field(name=name, label=name, binding="source" if name == "until" else "value") for name in names)
    return Step(run=run, name="g", label="G", description="", node_type="group", fields=fields)


def each(
    id_: str = "all", *, items: Any = "{{ trigger }}", parent: str | None = None, **settings: Any
) -> dict[str, Any]:
    concurrency = settings.pop("concurrency", 1)
    made = node(id_, "test/each", inputs={"items": items, "concurrency": concurrency}, **settings)
    return within(made, parent) | {"type": "group"}


def again(id_: str, until: str, times: int = 10) -> dict[str, Any]:
    return node(id_, "test/again", inputs={"until": until, "times": times}) | {"type": "group"}


def within(made: dict[str, Any], parent: str | None = "all") -> dict[str, Any]:
    return made | {"parentId": parent} if parent else made


def echo(id_: str, value: str, parent: str = "all", **settings: Any) -> dict[str, Any]:
    return within(node(id_, inputs={"value": value}, **settings), parent)


async def test_a_body_runs_for_each_item_and_gives_the_results_in_order(engine: Engine) -> None:
    with_loops(engine)
    nodes = [each(concurrency=3), echo("a", "{{ item * 2 }}"), echo("b", "{{ [a, index] }}")]

    execution = await engine.run(workflow(*nodes, edges="lead>all a>b"), [5, 6, 7, 8])

    assert execution.result == [[10, 0], [12, 1], [14, 2], [16, 3]]


async def test_each_iteration_has_its_own_rows(engine: Engine) -> None:
    with_loops(engine)
    execution = await engine.run(workflow(each(), echo("a", "{{ item }}"), edges="lead>all"), ["x", "y"])

    rows = [(event.iteration, event.output) for event in await engine.log(execution.id) if event.node_id == "a"]

    assert rows == [((0,), None), ((0,), "x"), ((1,), None), ((1,), "y")]


async def test_an_empty_list_gives_an_empty_list(engine: Engine) -> None:
    with_loops(engine)
    execution = await engine.run(workflow(each(), echo("a", "{{ item }}"), edges="lead>all"), [])

    assert (execution.status, execution.result) == ("succeeded", [])


async def test_no_more_iterations_run_at_once_than_it_says(engine: Engine) -> None:
    running = most = 0

    async def count(context: StepContext) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1

    with_loops(engine)
    engine.steps["test/count"] = Step(run=count, name="count", label="Count", description="")
    body = within(node("a", "test/count"))

    await engine.run(workflow(each(concurrency=4), body, edges="lead>all"), list(range(20)))

    assert most == 4


async def test_loops_nest_and_see_what_is_around_them(engine: Engine) -> None:
    with_loops(engine)
    nodes = [
        each("outer"),
        echo("row", "{{ item.name }}", "outer"),
        each("inner", items="{{ item.cells }}", parent="outer"),
        echo("cell", "{{ [row, item, index] }}", "inner"),
    ]
    table = [{"name": "a", "cells": [1, 2]}, {"name": "b", "cells": []}, {"name": "c", "cells": [3]}]

    execution = await engine.run(workflow(*nodes, edges="lead>outer row>inner"), table)

    assert execution.result == [[["a", 1, 0], ["a", 2, 1]], [], [["c", 3, 0]]]


async def test_a_body_is_repeated_until_the_expression_is_true(engine: Engine) -> None:
    with_loops(engine)
    nodes = [again("rep", "a >= 6 or index == 99"), echo("a", "{{ (index + 1) * 3 }}", "rep")]

    execution = await engine.run(workflow(*nodes, edges="lead>rep"))

    assert execution.result == 6


async def test_a_body_is_repeated_no_more_often_than_it_may(engine: Engine) -> None:
    with_loops(engine)
    nodes = [again("rep", "False", times=3), echo("a", "{{ index }}", "rep")]

    execution = await engine.run(workflow(*nodes, edges="lead>rep"))

    assert execution.result == 2


async def test_an_until_that_is_no_bool_fails_the_loop(engine: Engine) -> None:
    with_loops(engine)
    nodes = [again("rep", "a"), echo("a", "{{ index }}", "rep")]

    execution = await engine.run(workflow(*nodes, edges="lead>rep"))

    assert execution.error
    assert (execution.error["node"], execution.error["field"]) == ("rep", "until")


async def test_a_failed_iteration_fails_its_loop_and_says_which(engine: Engine) -> None:
    with_loops(engine)
    nodes = [each(), echo("a", "{{ 10 / item }}"), node("after")]

    execution = await engine.run(workflow(*nodes, edges="lead>all all>after"), [1, 0, 2])

    assert execution.error
    assert (execution.error["node"], execution.error["iteration"]) == ("a", [1])
    assert [event.iteration for event in await engine.log(execution.id) if event.node_id == "a"] == [
        (0,),
        (0,),
        (1,),
    ]


async def test_a_loop_may_go_on_after_a_failed_iteration(engine: Engine) -> None:
    with_loops(engine)
    nodes = [each(), echo("a", "{{ 10 / item }}", on_error="continue")]

    execution = await engine.run(workflow(*nodes, edges="lead>all"), [0, 5])

    assert execution.result[0]["error"]["type"] == "expression_failed"
    assert execution.result[1] == 2.0


async def test_a_failed_loop_takes_its_own_way_for_errors(engine: Engine) -> None:
    with_loops(engine)
    nodes = [each(on_error="branch"), echo("a", "{{ 10 / item }}"), node("sorry"), node("after")]

    execution = await engine.run(workflow(*nodes, edges="lead>all all>sorry:error all>after"), [0])

    assert (await engine.statuses(execution.id))["sorry"] == "succeeded"
    assert (await engine.statuses(execution.id))["after"] == "skipped"


async def test_a_loop_with_retries_begins_anew(engine: Engine) -> None:
    calls: list[int] = []

    async def flaky(context: StepContext) -> int:
        calls.append(len(calls))
        if len(calls) == 2:
            raise StepError("Busy.", retryable=True)
        return len(calls)

    with_loops(engine)
    engine.steps["test/flaky"] = Step(run=flaky, name="flaky", label="Flaky", description="")
    retry = {"max_attempts": 2, "delay": 60}
    id_ = await engine.insert(workflow(each(retry=retry), within(node("a", "test/flaky")), edges="lead>all"), [1, 1])
    await engine.drive(id_)
    engine.clock.advance(120)
    await engine.drive(id_)

    assert (await engine.get(id_)).result == [3, 4]


async def test_only_the_interrupted_iterations_run_again_after_a_crash(engine: Engine) -> None:
    done: list[int] = []
    reached, may_end = asyncio.Event(), False

    async def work(context: StepContext, *, value: int) -> int:
        if value == 2 and not may_end:
            reached.set()
            await asyncio.Event().wait()
        done.append(value)
        return value

    with_loops(engine)
    engine.steps["test/work"] = Step(
        run=work, name="work", label="Work", description="", fields=(Field(name="value", label="V"),)
    )
    body = within(node("a", "test/work", inputs={"value": "{{ item }}"}))
    id_ = await engine.insert(workflow(each(), body, edges="lead>all"), [0, 1, 2, 3])
    driving = asyncio.create_task(engine.drive(id_))
    await reached.wait()
    driving.cancel()
    await asyncio.wait([driving])

    may_end = True
    await engine.drive(id_)

    assert (await engine.get(id_)).result == [0, 1, 2, 3]
    assert done == [0, 1, 2, 3]


async def test_a_long_list_keeps_no_iteration_in_memory_that_has_ended(engine: Engine) -> None:
    with_loops(engine)
    id_ = await engine.insert(
        workflow(each(concurrency=5), echo("a", "{{ item }}"), edges="lead>all"), list(range(300))
    )
    ((execution, state),) = await replay(engine.store, [id_])
    assert isinstance(state, State)

    await engine.runner().drive(execution, state)

    assert set(state.nodes) == {("lead", ()), ("all", ())}
    assert (state.loops, state.undecided, state.taken) == ({}, {("all", ()): 0}, {("all", ()): 1})
