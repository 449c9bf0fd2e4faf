"""Claims, also while the journal writes about the same executions."""

import asyncio
from datetime import timedelta

import pytest
from sqlmodel import select

from engine.events import Event
from engine.models import Execution
from tests.engine.build import workflow
from tests.engine.conftest import START, Engine

LATER = START + timedelta(seconds=30)


async def test_what_is_held_is_renewed_and_told(engine: Engine) -> None:
    mine, other = [await engine.insert(workflow(), claimed_by=by, claimed_until=START) for by in ("me", "you")]

    assert await engine.claims.renew("me", [mine, other], until=LATER) == {mine}
    assert [(await engine.get(id_)).claimed_until for id_ in (mine, other)] == [LATER, START]


async def test_what_had_woken_wakes_again_when_whoever_claimed_it_dies_at_once(engine: Engine) -> None:
    id_ = await engine.insert(workflow(), status="waiting", is_woken=True)
    await engine.claims.claim("dead", now=START, until=LATER, limit=1)

    await engine.claims.release_all()

    assert await engine.claims.claim("me", now=START, until=LATER, limit=1) == [id_]


async def test_what_had_woken_wakes_again_when_its_claim_has_run_out(engine: Engine) -> None:
    id_ = await engine.insert(workflow(), status="waiting", is_woken=True)
    await engine.claims.claim("away", now=START, until=LATER, limit=1)

    assert await engine.claims.claim("me", now=LATER, until=LATER, limit=1) == []
    assert await engine.claims.claim("me", now=LATER + timedelta(seconds=1), until=LATER, limit=1) == [id_]


async def test_what_comes_while_an_execution_is_let_go_of_has_it_claimed_again(engine: Engine) -> None:
    id_ = await engine.insert(workflow(), status="running", claimed_by="me", claimed_until=LATER, is_woken=True)
    assert await engine.claims.find_woken("me") == [id_]

    await engine.journal.append(Event(execution_id=id_, seq=1, status="waiting", timestamp=START))

    assert await engine.claims.claim("me", now=START, until=LATER, limit=1) == [id_]
    assert await engine.claims.find_woken("me") == []


async def test_of_a_workflow_that_runs_one_at_a_time_the_one_that_was_claimed_before_has_its_turn(
    engine: Engine,
) -> None:
    older = await engine.insert(workflow(), max_running=1)
    claimed = await engine.insert(workflow(), max_running=1, claimed_by="away", claimed_until=START)

    ids = await engine.claims.claim("me", now=LATER, until=LATER, limit=9)

    assert ids == [claimed]
    assert (await engine.get(older)).claimed_by is None


async def test_a_long_queue_is_looked_through_once(engine: Engine) -> None:
    rows = [Execution(workflow_id="wf_1", definition=workflow(), max_running=1) for _ in range(4_000)]
    async with engine.database.write() as session:
        session.add_all(rows)

    async with asyncio.timeout(1):
        ids = await engine.claims.claim("me", now=START, until=LATER, limit=9)

    assert len(ids) == 1


@pytest.mark.postgresql
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
async def test_renewing_does_not_wait_for_a_row_that_is_being_written(engine: Engine) -> None:
    id_ = await engine.insert(workflow(), claimed_by="me", claimed_until=START)

    async with engine.database.write() as session, asyncio.timeout(5):
        await session.exec(select(Execution).where(Execution.id == id_).with_for_update())

        assert await engine.claims.renew("me", [id_], until=LATER) == {id_}
