"""Waiting for an execution's end, whoever brings it about."""

import asyncio

from engine.ends import Ends
from engine.events import Event
from tests.engine.build import workflow
from tests.engine.conftest import START, Engine


def end(execution_id: str) -> Event:
    return Event(execution_id=execution_id, seq=1, status="succeeded", timestamp=START)


async def test_an_end_that_is_heard_of_ends_the_wait(engine: Engine) -> None:
    ends = Ends(engine.store)
    ends.expect("ex_1")
    waiting = asyncio.create_task(ends.wait("ex_1", 60))
    await asyncio.sleep(0)

    ends.hear([end("ex_1")])

    assert await waiting


async def test_an_execution_that_has_ended_needs_no_wait(engine: Engine) -> None:
    id_ = await engine.insert(workflow(), status="failed")

    assert await Ends(engine.store).wait(id_, 0)


async def test_an_execution_that_goes_on_is_told_apart_after_the_time(engine: Engine) -> None:
    id_ = await engine.insert(workflow())

    assert not await Ends(engine.store).wait(id_, 0)


async def test_an_end_that_came_before_it_was_expected_is_found_once_that_is_known(engine: Engine) -> None:
    id_ = await engine.insert(workflow(), status="succeeded")
    ends = Ends(engine.store)
    ends.expect(id_)
    waiting = asyncio.create_task(ends.wait(id_, 60))
    await asyncio.sleep(0)

    ends.forget(id_)

    assert await waiting
