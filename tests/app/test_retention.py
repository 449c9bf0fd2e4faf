"""Old executions go, piece by piece, and nothing else does."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import func, select

from app import housekeeping
from app.models import User, Workflow
from app.runtime import Runtime
from app.services import accounts, retention, workflows
from app.services.retention import FEWEST, MOST, find_limit, next_size, remove_old_executions, remove_orphaned_values
from engine.errors import FilesUnavailable
from engine.models import Execution, ExecutionLog, ExecutionWait, utc_now
from tests.app.conftest import PASSWORD, Clock
from tests.app.shapes import GREETING


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def environment(request: pytest.FixtureRequest) -> dict[str, str]:
    return {"DATABASE_URL": request.getfixturevalue("postgresql_url")} if request.param == "postgresql" else {}


@pytest.fixture
async def owner(rt: Runtime) -> User:
    return await accounts.create_user(rt, email="alice@example.com", password=PASSWORD, name="Alice")


@pytest.fixture
async def workflow(rt: Runtime, owner: User) -> Workflow:
    return await workflows.create_workflow(rt, owner, GREETING)


async def add_execution(rt: Runtime, workflow: Workflow, *, days_ago: float | None, rows: int = 3) -> str:
    """An execution that ended then, or that waits."""
    now = rt.clock()
    ended = None if days_ago is None else now - timedelta(days=days_ago)
    status = "waiting" if ended is None else "succeeded"
    execution = Execution(workflow_id=workflow.id, definition={}, status=status, completed_at=ended)
    async with rt.database.write() as session:
        session.add(execution)
        await session.flush()
        log: dict[str, Any] = {"execution_id": execution.id, "iteration": [], "attempt": 1}
        session.add_all(ExecutionLog(seq=seq, status="running", timestamp=now, **log) for seq in range(1, rows + 1))
        session.add(ExecutionWait(execution_id=execution.id, seq=1, node_id="a", iteration=[]))
    return execution.id


async def kept(rt: Runtime) -> set[str]:
    async with rt.database.read() as session:
        return set(await session.exec(select(Execution.id)))


async def count(rt: Runtime, model: Any) -> int:
    async with rt.database.read() as session:
        return (await session.exec(select(func.count()).select_from(model))).one()


async def test_what_ended_longer_ago_than_the_setting_says_goes_with_all_that_is_its(
    rt: Runtime, workflow: Workflow
) -> None:
    await add_execution(rt, workflow, days_ago=30.1)
    young = await add_execution(rt, workflow, days_ago=29.9)

    assert await remove_old_executions(rt) == 1

    assert await kept(rt) == {young}
    assert (await count(rt, ExecutionLog), await count(rt, ExecutionWait)) == (3, 1)


async def test_large_values_go_with_their_execution(rt: Runtime, workflow: Workflow) -> None:
    old = await add_execution(rt, workflow, days_ago=40)
    value = await rt.files.put(old, "large")

    await remove_old_executions(rt)

    with pytest.raises(FilesUnavailable):
        await rt.files.read_all(value)


async def test_large_values_of_no_execution_go_a_day_later(rt: Runtime, workflow: Workflow, clock: Clock) -> None:
    clock.now = utc_now()
    mine = await add_execution(rt, workflow, days_ago=1)
    for id_ in (mine, "ex_gone"):
        await rt.files.put(id_, "large")

    at_once = await remove_orphaned_values(rt)
    clock.tick(days=2)

    assert (at_once, await remove_orphaned_values(rt)) == (0, 1)
    assert await rt.files.list_executions(before=clock.now) == [mine]


async def test_what_has_not_ended_stays_however_old_it_is(rt: Runtime, workflow: Workflow, clock: Clock) -> None:
    waiting = await add_execution(rt, workflow, days_ago=None)
    clock.tick(days=1_000)

    await remove_old_executions(rt)

    assert await kept(rt) == {waiting}


@pytest.mark.parametrize(("own", "survives"), [(0, True), (100, True), (10**30, True), (7, False), (-1, False)])
async def test_a_workflow_may_keep_its_executions_longer_or_shorter(
    rt: Runtime, owner: User, own: int, survives: bool
) -> None:
    workflow = await workflows.create_workflow(rt, owner, GREETING | {"retention_days": own})
    id_ = await add_execution(rt, workflow, days_ago=60)

    await remove_old_executions(rt)

    assert await kept(rt) == ({id_} if survives else set())


async def test_a_deleted_workflow_goes_with_its_last_execution(
    rt: Runtime, owner: User, workflow: Workflow, clock: Clock
) -> None:
    await add_execution(rt, workflow, days_ago=1)
    await workflows.delete_workflow(rt, owner, workflow.id)
    before = await count(rt, Workflow)

    await remove_old_executions(rt)
    in_between = await count(rt, Workflow)
    clock.tick(days=31)
    await remove_old_executions(rt)

    assert (before - in_between, before - await count(rt, Workflow)) == (0, 1)


async def test_more_than_fits_in_one_transaction_goes_in_several(rt: Runtime, workflow: Workflow) -> None:
    await add_execution(rt, workflow, days_ago=40, rows=5 * FEWEST)
    for _ in range(2 * FEWEST):
        await add_execution(rt, workflow, days_ago=40, rows=1)

    assert await remove_old_executions(rt) == 2 * FEWEST + 1

    assert await count(rt, ExecutionLog) == 0


async def test_what_was_broken_off_is_gone_on_with(
    rt: Runtime, workflow: Workflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_off(size: int, took: float) -> int:
        raise ZeroDivisionError

    await add_execution(rt, workflow, days_ago=40, rows=5 * FEWEST)
    with monkeypatch.context() as patch:
        patch.setattr(retention, "next_size", break_off)
        with pytest.raises(ZeroDivisionError):
            await remove_old_executions(rt)
    left = await count(rt, ExecutionLog)

    await remove_old_executions(rt)

    assert (left, await kept(rt)) == (4 * FEWEST, set())


async def test_a_duty_that_fails_keeps_no_other_from_being_done(
    rt: Runtime, workflow: Workflow, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(_: Runtime) -> None:
        raise ZeroDivisionError

    monkeypatch.setitem(housekeeping.DUTIES, "Expired sessions", fail)
    await add_execution(rt, workflow, days_ago=40)

    await housekeeping.tidy(rt)

    assert "Expired sessions could not be removed" in caplog.text
    assert await kept(rt) == set()


@pytest.mark.parametrize("days", [True, "7", 1.5, None, -3])
def test_a_limit_that_is_none_gives_way_to_the_setting(clock: Clock, days: object) -> None:
    assert find_limit(clock.now, {"retention_days": days}, 30) == datetime.fromisoformat("2026-11-01T08:00Z")


@pytest.mark.parametrize(
    ("size", "took", "size_then"), [(100, 0.001, 200), (100, 0.02, 50), (20, 1, FEWEST), (400, 0, MOST)]
)
def test_so_many_rows_are_deleted_at_once_as_take_a_short_time(size: int, took: float, size_then: int) -> None:
    assert next_size(size, took) == size_then
