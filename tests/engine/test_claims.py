"""Claims, also while the journal writes about the same executions."""

import asyncio
from datetime import timedelta

import pytest
from sqlmodel import select

from engine.models import Execution
from tests.engine.build import workflow
from tests.engine.conftest import START, Engine

LATER = START + timedelta(seconds=30)


async def test_what_is_held_is_renewed_and_told(engine: Engine) -> None:
    mine, other = [await engine.insert(workflow(), claimed_by=by, claimed_until=START) for by in ("me", "you")]

    assert await engine.store.renew("me", [mine, other], until=LATER) == {mine}
    assert [(await engine.get(id_)).claimed_until for id_ in (mine, other)] == [LATER, START]


@pytest.mark.postgresql
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
async def test_renewing_does_not_wait_for_a_row_that_is_being_written(engine: Engine) -> None:
    id_ = await engine.insert(workflow(), claimed_by="me", claimed_until=START)

    async with engine.database.write() as session, asyncio.timeout(5):
        await session.exec(select(Execution).where(Execution.id == id_).with_for_update())

        assert await engine.store.renew("me", [id_], until=LATER) == {id_}
