"""The journal: what it has accepted is on disk, in order, and one execution's trouble is no other's."""

import asyncio
from collections.abc import Coroutine, Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from engine.errors import LostRace, Unwritable
from engine.events import Event
from engine.journal import Journal
from engine.models import ExecutionWait
from engine.store import Store
from tests.engine.build import workflow
from tests.engine.conftest import START, Engine


def event(execution_id: str, seq: int, **what: Any) -> Event:
    return Event(
        **{"execution_id": execution_id, "seq": seq, "status": "running", "timestamp": START, "node_id": "a", **what}
    )


class CountingStore(Store):
    """Counts the commits, and fails when told to."""

    commits = 0
    error: Exception | None = None

    async def append(self, events: Sequence[Event]) -> None:
        if self.error:
            raise self.error
        self.commits += 1
        await super().append(events)


@pytest.fixture
def counting(engine: Engine) -> CountingStore:
    return CountingStore(engine.database)


async def test_an_event_is_on_disk_when_append_returns(engine: Engine) -> None:
    id_ = await engine.insert(workflow())
    written = event(id_, 1, iteration=(3, 0), input={"x": 1}, output=[None], handles=("true",), stdout="hi", attempt=2)

    await engine.journal.append(written)

    assert await engine.log(id_) == [written]


async def test_events_that_come_together_are_committed_together(engine: Engine, counting: CountingStore) -> None:
    ids = [await engine.insert(workflow()) for _ in range(20)]
    journal = Journal(counting)

    await asyncio.gather(*(journal.append(event(id_, 1)) for id_ in ids))

    assert counting.commits == 1


async def test_a_posted_event_comes_before_what_is_appended_after_it(engine: Engine) -> None:
    id_ = await engine.insert(workflow())

    engine.journal.post(event(id_, 1))
    await engine.journal.append(event(id_, 2))

    assert [row.seq for row in await engine.log(id_)] == [1, 2]


async def test_whoever_loses_the_race_is_told_and_the_others_are_written(engine: Engine) -> None:
    lost, fine = await engine.insert(workflow()), await engine.insert(workflow())
    await engine.journal.append(event(lost, 1))
    other = Journal(engine.store)

    results = await asyncio.gather(other.append(event(lost, 1)), other.append(event(fine, 1)), return_exceptions=True)

    assert isinstance(results[0], LostRace)
    assert len(await engine.log(fine)) == 1


async def test_after_a_lost_race_nothing_more_of_that_execution_is_taken(engine: Engine) -> None:
    id_ = await engine.insert(workflow())
    await engine.journal.append(event(id_, 1))
    other = Journal(engine.store)
    await asyncio.gather(other.append(event(id_, 1)), return_exceptions=True)

    with pytest.raises(LostRace):
        await other.append(event(id_, 2))
    other.open(id_)
    await other.append(event(id_, 2))


async def test_a_commit_whose_answer_was_lost_is_no_lost_race(engine: Engine) -> None:
    class MuteOnce(Store):
        is_mute = True

        async def append(self, events: Sequence[Event]) -> None:
            await super().append(events)
            if self.is_mute:
                self.is_mute = False
                raise OSError("connection reset")

    ids = [await engine.insert(workflow()) for _ in range(2)]
    journal = Journal(MuteOnce(engine.database), clock=engine.clock)
    written = [asyncio.create_task(journal.append(event(id_, 1, output={"x": [1]}))) for id_ in ids]

    await engine.clock.until_somebody_sleeps()
    engine.clock.advance(1)
    await asyncio.gather(*written)

    await journal.append(event(ids[0], 2))
    assert [row.seq for row in await engine.log(ids[0])] == [1, 2]


async def test_a_database_that_comes_back_in_time_loses_nothing(engine: Engine, counting: CountingStore) -> None:
    id_ = await engine.insert(workflow())
    journal = Journal(counting, clock=engine.clock)
    counting.error = OSError("connection refused")
    journal.post(event(id_, 1))
    written = asyncio.create_task(journal.append(event(id_, 2)))

    await engine.clock.until_somebody_sleeps()
    counting.error = None
    engine.clock.advance(10)
    await written

    assert [row.seq for row in await engine.log(id_)] == [1, 2]


async def test_a_full_disk_is_told_to_those_who_wait_and_the_journal_goes_on(
    engine: Engine, counting: CountingStore
) -> None:
    full, fine = await engine.insert(workflow()), await engine.insert(workflow())
    journal = Journal(counting, clock=engine.clock)
    counting.error = OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        await out_of_patience(engine, journal.append(event(full, 1)))
    counting.error = None
    await journal.append(event(fine, 1))

    assert len(await engine.log(fine)) == 1


async def test_after_lost_posts_nothing_more_is_written_until_the_log_is_read_again(
    engine: Engine, counting: CountingStore
) -> None:
    id_ = await engine.insert(workflow())
    journal = Journal(counting, clock=engine.clock)
    counting.error = OSError("disk full")
    journal.post(event(id_, 1))
    await out_of_patience(engine, journal.close())
    counting.error = None

    with pytest.raises(OSError, match="disk full"):
        await journal.append(event(id_, 2))
    journal.open(id_)
    await journal.append(event(id_, 1))

    assert [row.seq for row in await engine.log(id_)] == [1]


async def test_what_has_come_of_an_execution_that_is_dropped_is_not_written(engine: Engine) -> None:
    id_ = await engine.insert(workflow())
    engine.journal.post(event(id_, 1))
    engine.journal.drop(id_)

    with pytest.raises(LostRace):
        await engine.journal.append(event(id_, 2))
    assert await engine.log(id_) == []


async def out_of_patience(engine: Engine, writing: Coroutine[Any, Any, None]) -> None:
    """Let the journal try until it gives up."""
    task = asyncio.create_task(writing)
    await engine.clock.until_somebody_sleeps()
    engine.clock.advance(60)
    await task


@pytest.mark.parametrize("bad", [{"output": "\ud800"}, {"input": 1j}, {"stdout": "\ud800"}])
async def test_what_no_database_takes_is_told_to_its_own_execution_only(engine: Engine, bad: dict[str, Any]) -> None:
    guilty, fine = await engine.insert(workflow()), await engine.insert(workflow())
    writing = [engine.journal.append(event(guilty, 1, **bad)), engine.journal.append(event(fine, 1))]

    results = await asyncio.gather(*writing, return_exceptions=True)

    assert isinstance(results[0], Unwritable)
    assert len(await engine.log(fine)) == 1


async def test_subscribers_hear_of_events_once_they_are_on_disk(engine: Engine) -> None:
    id_ = await engine.insert(workflow())
    heard: list[Event] = []

    def fail(events: Sequence[Event]) -> None:
        raise RuntimeError("a subscriber's own trouble")

    engine.journal.subscribe(fail)
    stop = engine.journal.subscribe(heard.extend)
    await engine.journal.append(event(id_, 1))
    stop()
    await engine.journal.append(event(id_, 2))

    assert [known.seq for known in heard] == [1]


async def test_closing_writes_what_has_come(engine: Engine) -> None:
    id_ = await engine.insert(workflow())

    engine.journal.post(event(id_, 1))
    await engine.journal.close()

    assert len(await engine.log(id_)) == 1


async def test_the_end_of_an_execution_is_in_its_row_in_the_same_commit(engine: Engine) -> None:
    id_ = await engine.insert(workflow(), claimed_by="somebody")

    engine.journal.post(event(id_, 1, node_id=None))
    await engine.journal.append(event(id_, 2, node_id=None, status="failed", error={"message": "No."}))

    row = await engine.get(id_)
    assert (row.status, row.error, row.started_at, row.completed_at, row.claimed_by) == (
        "failed",
        {"message": "No."},
        START,
        START,
        None,
    )


async def read_waits(engine: Engine) -> Sequence[ExecutionWait]:
    async with engine.database.read() as session:
        return (await session.exec(select(ExecutionWait))).all()


async def test_an_execution_that_is_parked_is_given_back_until_it_is_due_and_runs_again_after(engine: Engine) -> None:
    id_ = await engine.insert(workflow(), claimed_by="somebody")
    due = START + timedelta(hours=1)

    await engine.journal.append(event(id_, 1, node_id=None, status="waiting", resume_at=due))
    parked = await engine.get(id_)
    await engine.journal.append(event(id_, 2, node_id=None))
    back = await engine.get(id_)

    assert (parked.status, parked.resume_at, parked.claimed_by) == ("waiting", due, None)
    assert (back.status, back.resume_at) == ("running", None)


async def test_what_waits_for_an_answer_is_known_as_soon_as_its_event_is(engine: Engine) -> None:
    id_ = await engine.insert(workflow())
    due = START + timedelta(hours=1)
    wait = {"what": "approval", "approvers": ["ada@example.com"], "token_hash": None}

    await engine.journal.append(event(id_, 1, status="waiting", iteration=(2,), effect={"wait": wait}, resume_at=due))

    (row,) = await read_waits(engine)
    assert (row.execution_id, row.seq, row.node_id, row.iteration) == (id_, 1, "a", [2])
    assert (row.approvers, row.expires_at, row.answered_at) == (["ada@example.com"], due, None)


async def test_nobody_can_answer_what_waits_for_time(engine: Engine) -> None:
    id_ = await engine.insert(workflow())

    await engine.journal.append(event(id_, 1, status="waiting", effect={"wait": {"what": "time"}}, resume_at=START))

    assert await read_waits(engine) == []


async def test_the_end_of_a_child_wakes_its_parent_in_the_same_commit(engine: Engine) -> None:
    parent, child = await engine.insert(workflow(), status="waiting"), await engine.insert(workflow())

    await engine.journal.append(event(child, 1, node_id=None, status="succeeded", wakes=parent))

    assert (await engine.get(parent)).is_woken


async def test_a_result_that_is_a_preview_says_where_the_whole_is(engine: Engine) -> None:
    id_ = await engine.insert(workflow())
    whole = {"file": "f_1"}

    await engine.journal.append(event(id_, 1, node_id=None, status="succeeded", output="[…", files={"output": whole}))

    assert (await engine.get(id_)).result_file == whole
