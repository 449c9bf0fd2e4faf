"""The session guard, with Reflex's own way of handling a page's events."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Any

import pytest
from reflex.app_mixins.middleware import MiddlewareMixin
from reflex.istate.manager.memory import StateManagerMemory
from reflex.state import State, StateUpdate
from reflex_base.event import Event
from reflex_base.event.processor.base_state_processor import BaseStateEventProcessor
from reflex_base.registry import RegistrationContext
from reflex_base.utils.format import format_event_handler, json_dumps

from app.guard import OPEN_TO_STRANGERS, SessionGuard, current_user
from app.pages import gate, workflows
from app.pages.editor.state import EditorState
from app.runtime import Runtime
from app.security import COOKIE
from app.services import accounts
from app.services import workflows as service
from app.ui.notices import report_error
from tests.app.conftest import PASSWORD
from tests.app.shapes import GREETING

HANDLERS = sorted(RegistrationContext.get().event_handlers)
HYDRATE = f"{State.get_full_name()}.hydrate"
LOAD = format_event_handler(workflows.WorkflowsState.load)


class Pages:
    """Open tabs: sends their events and keeps what comes back."""

    def __init__(self) -> None:
        self.updates: defaultdict[str, list[StateUpdate]] = defaultdict(list)
        middleware = MiddlewareMixin()
        middleware.add_middleware(SessionGuard(), index=0)
        self.processor = BaseStateEventProcessor(middleware=middleware, backend_exception_handler=report_error)
        self.processor.configure(state_manager=StateManagerMemory(), event_namespace=self)  # type: ignore[arg-type]

    async def emit_update(self, update: StateUpdate, token: str) -> None:
        self.updates[token].append(update)

    async def send(self, tab: str, name: str, *, session: str = "", path: str = "/", **payload: Any) -> str:
        """Handle one event of a tab that is open, and return all that came back, as the browser would get it."""
        if tab not in self.updates:
            await self._handle(tab, HYDRATE, session, path, {})
        self.updates[tab].clear()
        await self._handle(tab, name, session, path, payload)
        return "".join(json_dumps(update) for update in self.updates[tab])

    async def _handle(self, tab: str, name: str, session: str, path: str, payload: dict[str, Any]) -> None:
        headers = {"cookie": f"{COOKIE}={session}"}
        router_data = {"headers": headers, "pathname": path, "asPath": path, "token": tab, "query": {}}
        await self.processor.enqueue(tab, Event(name=name, payload=payload, router_data=router_data))
        await self.processor.join()
        while running := list(self.processor._tasks.values()):  # with what they start in turn
            await asyncio.wait(running)
            await self.processor.join()


@pytest.fixture
async def pages(rt: Runtime) -> AsyncIterator[Pages]:
    pages = Pages()
    async with pages.processor:
        yield pages


async def sign_up(rt: Runtime, name: str) -> accounts.SignedIn:
    """A person with a workflow that has their name."""
    email = f"{name.lower()}@example.com"
    signed_in = await accounts.sign_up(rt, email=email, password=PASSWORD, name=name, user_agent="")
    await service.create_workflow(rt, signed_in.user, {**GREETING, "name": f"{name}'s secret"})
    return signed_in


@pytest.fixture
async def alice(rt: Runtime) -> accounts.SignedIn:
    return await sign_up(rt, "Alice")


@pytest.fixture
async def bob(rt: Runtime) -> accounts.SignedIn:
    return await sign_up(rt, "Bob")


def test_only_these_handlers_are_open_to_strangers() -> None:
    # A handler that joins them shows or does nothing that is anybody's.
    assert {name.rpartition(".")[2] for name in OPEN_TO_STRANGERS} == {
        "hydrate",
        "hydrate_and_load",
        "on_load_internal",
        "set_is_hydrated",
        "update_vars_internal",
        "handle_frontend_exception",
        "load",
    }
    assert [name for name in OPEN_TO_STRANGERS if name.endswith(".load")] == [format_event_handler(gate.GateState.load)]
    assert set(HANDLERS) > OPEN_TO_STRANGERS


@pytest.mark.parametrize("name", [name for name in HANDLERS if name not in OPEN_TO_STRANGERS])
@pytest.mark.parametrize("session", ["", "a-token-of-nobody"])
async def test_a_strangers_event_leads_to_the_sign_in_page(pages: Pages, name: str, session: str) -> None:
    answer = await pages.send("tab", name, session=session)

    assert '"_redirect"' in answer
    assert '"/login"' in answer
    assert all(not update.delta or update.delta.keys() == {State.get_full_name()} for update in pages.updates["tab"])


async def test_a_stranger_may_load_the_sign_in_page(pages: Pages) -> None:
    answer = await pages.send("tab", format_event_handler(gate.GateState.load), path="/login?error=credentials")

    assert "The e-mail or the password is wrong." in answer


async def test_who_has_signed_in_sees_their_own(pages: Pages, alice: accounts.SignedIn, bob: accounts.SignedIn) -> None:
    hers, his = await asyncio.gather(
        pages.send("hers", LOAD, session=alice.token), pages.send("his", LOAD, session=bob.token)
    )

    assert "Alice's secret" in hers
    assert "Bob's secret" not in hers
    assert "Bob's secret" in his
    assert "Alice's secret" not in his


async def test_a_tab_whose_user_changes_forgets_all_that_it_held(
    pages: Pages, alice: accounts.SignedIn, bob: accounts.SignedIn
) -> None:
    await pages.send("tab", LOAD, session=alice.token)
    before = await pages.send("tab", HYDRATE, session=alice.token)
    after = await pages.send("tab", HYDRATE, session=bob.token)

    assert "Alice's secret" in before
    assert "alice" not in after.lower()
    assert "bob@example.com" in after


async def test_a_tab_whose_user_leaves_forgets_all_that_it_held(pages: Pages, alice: accounts.SignedIn) -> None:
    await pages.send("tab", LOAD, session=alice.token)
    after = await pages.send("tab", HYDRATE)

    assert "alice" not in after.lower()


async def test_a_session_that_has_ended_is_refused_on_a_page_that_is_still_open(
    rt: Runtime, pages: Pages, alice: accounts.SignedIn
) -> None:
    before = await pages.send("tab", LOAD, session=alice.token)
    await accounts.sign_out(rt, alice.token)
    after = await pages.send("tab", LOAD, session=alice.token)

    assert "Alice's secret" in before
    assert '"/login"' in after
    assert "secret" not in after


async def test_a_handler_works_for_the_person_whose_event_it_is(
    rt: Runtime, pages: Pages, alice: accounts.SignedIn, bob: accounts.SignedIn
) -> None:
    create = format_event_handler(workflows.WorkflowsState.create)
    await asyncio.gather(
        *(pages.send(f"tab {place}", create, session=(alice, bob)[place % 2].token) for place in range(6))
    )

    for person in (alice, bob):
        assert len((await service.list_workflows(rt, person.user, search="Untitled")).items) == 3


async def test_a_long_list_is_shown_page_by_page(
    rt: Runtime, pages: Pages, alice: accounts.SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workflows, "PAGE", 1)
    first = await pages.send("tab", LOAD, session=alice.token)
    more = await pages.send("tab", format_event_handler(workflows.WorkflowsState.show_more), session=alice.token)

    assert "Alice's secret" in first
    assert "Weekly" not in first
    assert "Alice's secret" in more
    assert "Weekly" in more


async def test_a_workflow_of_somebody_else_is_refused_in_words(
    rt: Runtime, pages: Pages, alice: accounts.SignedIn, bob: accounts.SignedIn
) -> None:
    (secret,) = (await service.list_workflows(rt, alice.user, search="secret")).items
    editor = f"/workflows/{secret.id}/edit"
    load = await pages.send("tab", format_event_handler(EditorState.load), session=bob.token, path=editor)
    ops = [{"op": "remove_node", "id": "greet"}]
    edit = await pages.send("tab", format_event_handler(EditorState.apply), session=bob.token, path=editor, ops=ops)

    for answer in (load, edit):
        assert "This workflow belongs to somebody else." in answer
        assert "secret" not in answer
    assert len((await service.get_workflow(rt, alice.user, secret.id)).nodes) == 2


async def test_what_goes_wrong_with_us_is_not_shown(
    pages: Pages, alice: accounts.SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr(service, "list_workflows", fail)
    answer = await pages.send("tab", LOAD, session=alice.token)

    assert "Something went wrong on our side." in answer
    assert "hunter2" not in answer


def test_without_the_guard_there_is_no_user() -> None:
    with pytest.raises(LookupError):
        current_user()
