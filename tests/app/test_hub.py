"""The hub: every tab at a workflow hears what has changed, once and in order."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from sqlmodel import col, delete, select

import app.hub
from app import shown
from app.errors import Forbidden
from app.hub import Hub
from app.models import Membership, Session, User
from app.runtime import Runtime, get_runtime
from app.services import accounts, editing, executions, starting, workflows
from app.shown import Shown
from tests.app.conftest import PASSWORD, Clock
from tests.app.shapes import GREETING, node, workflow

HELLO = [{"op": "set_label", "id": "greet", "label": "Say hello"}]


class Tabs:
    """The open tabs, each with what was pushed into it."""

    def __init__(self) -> None:
        self.pushed: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        self.gone: set[str] = set()
        self.sent_away: set[str] = set()
        self.broken: set[str] = set()
        self.held: dict[str, asyncio.Event] = {}
        self._news = asyncio.Condition()

    async def push(self, tab: str, values: dict[str, Any]) -> bool:
        if tab in self.held:
            await self.held[tab].wait()
        if tab in self.broken:
            raise ConnectionError("the wire is cut")
        self.pushed[tab].append(values)
        async with self._news:
            self._news.notify_all()
        return tab not in self.gone

    async def send_away(self, tab: str) -> None:
        self.sent_away.add(tab)
        async with self._news:
            self._news.notify_all()

    def shown(self, tab: str, name: str) -> Any:
        """What the tab shows now as `name`."""
        return self.all(tab, name)[-1]

    def all(self, tab: str, name: str) -> list[Any]:
        """Everything that the tab was told as `name`."""
        return [values[name] for values in self.pushed[tab] if name in values]

    def changes(self, tab: str) -> list[Any]:
        """The revisions of the changes that the tab was told."""
        return [message["change"]["rev"] for message in self.all(tab, "message") if "change" in message]

    def statuses(self, tab: str) -> list[str]:
        """The statuses of the executions in the tab's list."""
        return [row.status for row in self.shown(tab, "executions")]

    async def until(self, is_so: Callable[[], bool]) -> None:
        async with self._news:
            await asyncio.wait_for(self._news.wait_for(is_so), 10)

    async def settle(self, hub: Hub, tab: str) -> None:
        """Wait until the tab has heard of all changes so far: a selection comes after them."""
        count = len(self.selections(tab))
        hub.select(tab, [])
        await self.until(lambda: len(self.selections(tab)) > count)

    def selections(self, tab: str) -> list[list[str]]:
        return [message["select"] for message in self.all(tab, "message") if "select" in message]


@pytest.fixture
def tabs() -> Tabs:
    return Tabs()


@pytest.fixture
async def hub(rt: Runtime, tabs: Tabs) -> AsyncIterator[Hub]:
    hub = Hub(rt, tabs.push, tabs.send_away)
    running = asyncio.create_task(hub.run())
    yield hub
    running.cancel()
    await asyncio.wait([running])


@pytest.fixture
async def alice(rt: Runtime) -> User:
    return await accounts.create_user(rt, email="alice@example.com", password=PASSWORD, name="Alice")


@pytest.fixture
async def bob(rt: Runtime, alice: User) -> User:
    """Shares alice's workspace."""
    user = await accounts.create_user(rt, email="bob@example.com", password=PASSWORD, name="Bob")
    async with rt.database.write() as session:
        hers = (await session.exec(select(Membership).where(Membership.user_id == alice.id))).one()
        session.add(Membership(workspace_id=hers.workspace_id, user_id=user.id, role="editor"))
    return user


@pytest.fixture
async def charlie(rt: Runtime) -> User:
    return await accounts.create_user(rt, email="charlie@example.com", password=PASSWORD, name="Charlie")


@pytest.fixture
async def greeting(rt: Runtime, alice: User) -> str:
    return (await workflows.create_workflow(rt, alice, GREETING)).id


async def run(rt: Runtime, user: User, workflow_id: str) -> str:
    """Run the workflow to its end."""
    started = await starting.start_execution(rt, user, workflow_id, input={})
    await starting.wait_for(rt, user, started.id, 10)
    return started.id


async def watch(hub: Hub, tab: str, user: User, workflow_id: str) -> None:
    """Watch from a browser that has just signed in."""
    signed_in = await accounts.sign_in(get_runtime(), email=user.email, password=PASSWORD)
    await hub.watch(tab, user, workflow_id, session_id=signed_in.session.id)


async def test_whoever_comes_is_shown_all_there_is(
    rt: Runtime, hub: Hub, tabs: Tabs, alice: User, greeting: str
) -> None:
    execution_id = await run(rt, alice, greeting)
    await watch(hub, "hers", alice, greeting)
    await tabs.settle(hub, "hers")

    assert (tabs.shown("hers", "name"), tabs.shown("hers", "is_empty")) == ("Greeting", False)
    assert [row.id for row in tabs.shown("hers", "executions")] == [execution_id]
    assert [(step.id, step.status) for step in tabs.shown("hers", "steps")] == [
        ("start", "succeeded"),
        ("greet", "succeeded"),
    ]


async def test_a_change_reaches_every_watcher_once_and_in_order(
    rt: Runtime, hub: Hub, tabs: Tabs, alice: User, bob: User, greeting: str
) -> None:
    await watch(hub, "hers", alice, greeting)
    await watch(hub, "his", bob, greeting)
    moves = [[{"op": "move_node", "id": "greet", "position": {"x": x, "y": 0}}] for x in range(10)]
    await asyncio.gather(*(editing.apply_ops(rt, alice, greeting, move, rev=1) for move in moves))
    await tabs.settle(hub, "hers")
    await tabs.settle(hub, "his")

    assert tabs.changes("hers") == tabs.changes("his") == list(range(2, 12))


async def test_a_change_says_what_was_done_and_by_whom(
    rt: Runtime, hub: Hub, tabs: Tabs, alice: User, bob: User, greeting: str
) -> None:
    await watch(hub, "his", bob, greeting)
    change = await editing.apply_ops(rt, alice, greeting, HELLO, rev=1)
    await tabs.settle(hub, "his")

    (said,) = [message["change"] for message in tabs.all("his", "message") if "change" in message]
    assert said == {"rev": 2, "by": alice.id, "ops": change.ops}


async def test_a_watcher_of_another_workflow_hears_nothing(
    rt: Runtime, hub: Hub, tabs: Tabs, alice: User, greeting: str
) -> None:
    other = (await workflows.create_workflow(rt, alice, GREETING)).id
    await watch(hub, "there", alice, other)
    await watch(hub, "here", alice, greeting)
    await tabs.settle(hub, "there")
    before = len(tabs.pushed["there"])
    await workflows.rename_workflow(rt, alice, greeting, "Farewell")
    await run(rt, alice, greeting)
    await tabs.until(lambda: tabs.statuses("here") == ["succeeded"])

    assert tabs.shown("here", "name") == "Farewell"
    assert len(tabs.pushed["there"]) == before


async def test_a_node_is_selected_after_the_change_that_adds_it(
    rt: Runtime, hub: Hub, tabs: Tabs, alice: User, greeting: str
) -> None:
    await watch(hub, "hers", alice, greeting)
    await tabs.settle(hub, "hers")
    tabs.pushed.clear()
    await editing.apply_ops(rt, alice, greeting, [{"op": "add_node", "node": node("new", "data/set-fields")}], rev=1)
    hub.select("hers", ["new"])
    await tabs.until(lambda: tabs.selections("hers") != [])

    added, selected = tabs.all("hers", "message")
    assert added["change"]["ops"][0]["node"]["id"] == selected["select"][0] == "new"
    assert selected["n"] != added["n"]


async def test_problems_are_told_by_node_and_as_a_list(
    rt: Runtime, hub: Hub, tabs: Tabs, alice: User, greeting: str
) -> None:
    await watch(hub, "hers", alice, greeting)
    op = {"op": "set", "id": "greet", "path": ["action"], "value": "data/nothing"}
    await editing.apply_ops(rt, alice, greeting, [op], rev=1)
    await tabs.until(lambda: tabs.shown("hers", "problems") != [])

    (row,) = tabs.shown("hers", "problems")
    assert (row.node, row.label) == ("greet", "Greet")
    assert tabs.shown("hers", "message")["problems"] == {"greet": [row.message]}


async def test_a_tab_follows_the_newest_execution_unless_it_chose_one(
    rt: Runtime, hub: Hub, tabs: Tabs, alice: User, greeting: str
) -> None:
    first = await run(rt, alice, greeting)
    for tab in ("newest", "chosen"):
        await watch(hub, tab, alice, greeting)
    await hub.follow("chosen", first)
    second = await run(rt, alice, greeting)
    await tabs.until(lambda: tabs.statuses("newest") == tabs.statuses("chosen") == ["succeeded"] * 2)

    assert tabs.shown("newest", "followed") == second
    assert tabs.all("chosen", "followed") == [first]


async def test_progress_is_told_as_it_happens(rt: Runtime, hub: Hub, tabs: Tabs, alice: User, greeting: str) -> None:
    await watch(hub, "hers", alice, greeting)
    execution_id = await run(rt, alice, greeting)
    await tabs.until(lambda: tabs.statuses("hers") == ["succeeded"])

    status = next(said["status"] for said in reversed(tabs.all("hers", "message")) if "status" in said)
    assert status["execution_id"] == execution_id
    assert {id_: node["status"] for id_, node in status["nodes"].items()} == {
        "start": "succeeded",
        "greet": "succeeded",
    }
    assert status["edges"] == {"e1": "taken"}


async def test_whoever_looks_at_a_node_sees_its_data(
    rt: Runtime, hub: Hub, tabs: Tabs, alice: User, greeting: str
) -> None:
    await watch(hub, "hers", alice, greeting)
    await hub.follow("hers", "", "greet")
    await run(rt, alice, greeting)
    await tabs.until(lambda: tabs.shown("hers", "detail").status == "succeeded")

    assert tabs.shown("hers", "detail").label == "Greet"
    assert tabs.shown("hers", "detail").output == '{\n  "text": "Hello"\n}'


async def test_a_failure_says_why(rt: Runtime, hub: Hub, tabs: Tabs, alice: User) -> None:
    broken = workflow(node("sum", "code/python", code="1 / 0"))
    workflow_id = (await workflows.create_workflow(rt, alice, broken)).id
    await watch(hub, "hers", alice, workflow_id)
    await hub.follow("hers", "", "sum")
    await run(rt, alice, workflow_id)
    await tabs.until(lambda: tabs.shown("hers", "detail").status == "failed")

    assert "division" in tabs.shown("hers", "detail").error


async def test_nothing_is_said_twice(rt: Runtime, hub: Hub, tabs: Tabs, alice: User, greeting: str) -> None:
    await run(rt, alice, greeting)
    await watch(hub, "hers", alice, greeting)
    await editing.apply_ops(rt, alice, greeting, HELLO, rev=1)
    await tabs.settle(hub, "hers")
    await hub.follow("hers", "")

    for name in ("name", "is_empty", "problems", "executions", "followed", "steps"):
        assert len(tabs.all("hers", name)) == 1, name


async def test_who_comes_back_is_shown_all_anew(rt: Runtime, hub: Hub, tabs: Tabs, alice: User, greeting: str) -> None:
    for _ in range(2):
        await watch(hub, "hers", alice, greeting)
        await tabs.settle(hub, "hers")

    assert tabs.all("hers", "name") == ["Greeting", "Greeting"]


async def test_a_tab_that_is_gone_is_forgotten(rt: Runtime, hub: Hub, tabs: Tabs, alice: User, greeting: str) -> None:
    await watch(hub, "closed", alice, greeting)
    await watch(hub, "hers", alice, greeting)
    tabs.gone.add("closed")
    await editing.apply_ops(rt, alice, greeting, HELLO, rev=1)
    await tabs.settle(hub, "hers")
    before = len(tabs.pushed["closed"])
    await editing.undo(rt, alice, greeting)
    await tabs.settle(hub, "hers")

    assert tabs.changes("hers") == [2, 3]
    assert len(tabs.pushed["closed"]) == before


async def test_a_tab_that_nobody_knows_may_ask(hub: Hub, tabs: Tabs) -> None:
    await hub.follow("unknown", "", "greet")
    hub.select("unknown", ["greet"])
    hub.forget("unknown")

    assert tabs.pushed == {}


async def test_a_tab_that_went_elsewhere_hears_no_more_of_where_it_was(
    rt: Runtime, hub: Hub, tabs: Tabs, alice: User, greeting: str
) -> None:
    other = (await workflows.create_workflow(rt, alice, {**GREETING, "name": "Other"})).id
    await watch(hub, "slow", alice, greeting)
    await watch(hub, "hers", alice, greeting)
    await tabs.settle(hub, "hers")
    tabs.held["slow"] = asyncio.Event()
    await workflows.rename_workflow(rt, alice, greeting, "Farewell")
    await watch(hub, "hers", alice, other)
    tabs.held["slow"].set()
    await tabs.settle(hub, "hers")

    assert tabs.shown("hers", "name") == "Other"
    assert "Farewell" not in tabs.all("hers", "name")


async def test_a_stranger_hears_nothing_even_when_the_owner_listens(
    rt: Runtime, hub: Hub, tabs: Tabs, alice: User, charlie: User, greeting: str
) -> None:
    await watch(hub, "hers", alice, greeting)
    with pytest.raises(Forbidden):
        await watch(hub, "strange", charlie, greeting)
    await editing.apply_ops(rt, alice, greeting, HELLO, rev=1)
    await run(rt, alice, greeting)
    await tabs.until(lambda: tabs.statuses("hers") == ["succeeded"])

    assert tabs.changes("hers") == [2]
    assert "strange" not in tabs.pushed


async def test_a_stranger_can_follow_no_execution_of_others(
    rt: Runtime, hub: Hub, tabs: Tabs, alice: User, charlie: User, greeting: str
) -> None:
    execution_id = await run(rt, alice, greeting)
    own = (await workflows.create_workflow(rt, charlie, GREETING)).id
    await watch(hub, "strange", charlie, own)
    with pytest.raises(Forbidden):
        await hub.follow("strange", execution_id)

    assert tabs.shown("strange", "followed") == ""


async def test_a_deleted_workflow_does_not_silence_the_others(
    rt: Runtime, hub: Hub, tabs: Tabs, alice: User, greeting: str
) -> None:
    other = (await workflows.create_workflow(rt, alice, GREETING)).id
    await watch(hub, "deleted", alice, greeting)
    await watch(hub, "hers", alice, other)
    await editing.apply_ops(rt, alice, greeting, HELLO, rev=1)
    await workflows.delete_workflow(rt, alice, greeting)
    await editing.apply_ops(rt, alice, other, HELLO, rev=1)
    await tabs.settle(hub, "hers")

    assert tabs.changes("hers") == [2]


async def test_a_broken_connection_silences_nobody(
    rt: Runtime, hub: Hub, tabs: Tabs, alice: User, greeting: str
) -> None:
    await watch(hub, "broken", alice, greeting)
    await watch(hub, "hers", alice, greeting)
    tabs.broken.add("broken")
    await editing.apply_ops(rt, alice, greeting, HELLO, rev=1)
    await tabs.settle(hub, "hers")
    await run(rt, alice, greeting)
    await tabs.until(lambda: tabs.statuses("hers") == ["succeeded"])

    assert tabs.changes("hers") == [2]


async def test_who_is_no_longer_a_member_hears_nothing_more(
    rt: Runtime, hub: Hub, tabs: Tabs, alice: User, bob: User, greeting: str
) -> None:
    await watch(hub, "his", bob, greeting)
    await watch(hub, "hers", alice, greeting)
    await tabs.settle(hub, "his")
    before = len(tabs.pushed["his"])
    async with rt.database.write() as session:
        await session.exec(delete(Membership).where(col(Membership.user_id) == bob.id))
    await workflows.rename_workflow(rt, alice, greeting, "Secret plan")
    await run(rt, alice, greeting)
    await tabs.until(lambda: tabs.statuses("hers") == ["succeeded"])

    assert tabs.shown("hers", "name") == "Secret plan"
    assert len(tabs.pushed["his"]) == before


@pytest.mark.parametrize("is_over", ["removed", "expired"])
async def test_a_session_that_is_over_hears_nothing_more(
    rt: Runtime, hub: Hub, tabs: Tabs, alice: User, bob: User, greeting: str, clock: Clock, is_over: str
) -> None:
    await watch(hub, "his", bob, greeting)
    await tabs.settle(hub, "his")
    before = len(tabs.pushed["his"])
    if is_over == "expired":
        clock.tick(days=31)
    else:
        async with rt.database.write() as session:
            await session.exec(delete(Session))
    await watch(hub, "hers", alice, greeting)
    await editing.apply_ops(rt, alice, greeting, HELLO, rev=1)
    await tabs.settle(hub, "hers")

    assert tabs.changes("hers") == [2]
    assert len(tabs.pushed["his"]) == before
    assert tabs.sent_away == {"his"}


async def test_who_signs_out_is_sent_away_at_once_from_all_of_their_tabs(
    rt: Runtime, hub: Hub, tabs: Tabs, alice: User, greeting: str
) -> None:
    signed_in = await accounts.sign_in(rt, email=alice.email, password=PASSWORD)
    for tab in ("one", "two"):
        await hub.watch(tab, alice, greeting, session_id=signed_in.session.id)
    await watch(hub, "other", alice, greeting)
    await accounts.sign_out(rt, signed_in.token)
    await tabs.settle(hub, "other")

    assert tabs.sent_away == {"one", "two"}


async def test_what_could_not_be_read_is_told_later_and_silences_no_other_workflow(
    rt: Runtime, hub: Hub, tabs: Tabs, alice: User, greeting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = (await workflows.create_workflow(rt, alice, GREETING)).id
    await watch(hub, "hers", alice, greeting)
    await watch(hub, "other", alice, other)
    is_back = asyncio.Event()

    async def show_execution(rt: Runtime, user: User, execution_id: str, node_id: str) -> Shown:
        if not is_back.is_set() and (await executions.get_execution(rt, user, execution_id)).workflow_id == greeting:
            raise ConnectionError("the database is away")
        return await shown.show_execution(rt, user, execution_id, node_id)

    monkeypatch.setattr(app.hub, "show_execution", show_execution)
    monkeypatch.setattr(app.hub, "PAUSE_AFTER_FAILURE", 0)
    await run(rt, alice, greeting)
    await run(rt, alice, other)
    await tabs.until(lambda: tabs.statuses("other") == ["succeeded"])
    is_back.set()
    await tabs.until(lambda: tabs.statuses("hers") == ["succeeded"])

    assert tabs.shown("hers", "detail").status == "succeeded"
