"""The names of Reflex that are not its documented interface and that we use: each says here what it is needed for."""

import inspect
from pathlib import Path

import pytest
import reflex as rx
from reflex.app import EventNamespace
from reflex.state import BaseState, StateUpdate
from reflex_base.constants.state import FIELD_MARKER
from reflex_base.environment import EnvironmentVariables
from reflex_base.registry import RegistrationContext
from reflex_components_core.core.banner import has_connection_errors

from app.frontend import ROOT
from app.guard import OPEN_TO_STRANGERS
from app.live import LiveState
from app.pages.editor.card import node_card

SCRIPTS = Path(inspect.getfile(rx)).parents[1] / "reflex_base" / ".templates" / "web" / "utils"


def test_a_push_is_an_update_that_is_emitted_to_a_tab() -> None:
    wanted = ["self", "update", "token"]

    assert list(inspect.signature(EventNamespace.emit_update).parameters) == wanted, "app/live.py pushes through it"
    assert isinstance(EventNamespace.token_to_sid, property), "app/live.py asks it which tabs are still open"
    assert StateUpdate(delta={"state": {"var": 1}}).delta == {"state": {"var": 1}}, "app/live.py makes them"


def test_the_wire_names_of_a_states_vars_are_as_the_canvas_reads_them() -> None:
    canvas = (ROOT / "components" / "canvas" / "messages.js").read_text()
    state = LiveState(_reflex_internal_init=True)
    state.message = {"n": 1}

    assert f"?.message{FIELD_MARKER}" in canvas, "the canvas reads the message by its name on the wire"
    assert state.get_delta() == {LiveState.get_full_name(): {f"message{FIELD_MARKER}": {"n": 1}}}


def test_the_browser_keeps_what_was_pushed_in_a_store_that_can_be_subscribed_to() -> None:
    registry = (SCRIPTS / "context-registry.js").read_text()
    store = "".join(path.read_text() for path in SCRIPTS.glob("*.js"))

    assert "StateStoreContext" in registry, "components/canvas/messages.js listens to this store"
    assert "getSnapshot" in store, "components/canvas/messages.js reads the newest message from the store"
    assert "subscribe" in store, "components/canvas/messages.js hears of each message through it"


def test_a_tab_can_be_made_to_forget_all_it_held() -> None:
    state = LiveState(_reflex_internal_init=True)

    assert state._get_root_state() is state, "app/guard.py resets the root of a tab's state"
    assert callable(BaseState.reset), "app/guard.py resets a tab whose person has changed"


def test_what_strangers_may_call_is_called_as_reflex_calls_it() -> None:
    unknown = OPEN_TO_STRANGERS - RegistrationContext.get().event_handlers.keys()

    assert not unknown, f"app/guard.py opens handlers that Reflex no longer has: {unknown}"


def test_a_memo_can_be_handed_to_the_canvas_as_a_value() -> None:
    assert isinstance(node_card._as_var(), rx.Var), "components/canvas hands the card to React Flow with it"


def test_the_page_knows_whether_the_server_can_be_reached() -> None:
    assert isinstance(has_connection_errors, rx.Var), "app/ui/offline.py shows “Reconnecting…” by it"


@pytest.mark.parametrize(
    "name",
    [
        "REFLEX_ENV_MODE",
        "REFLEX_BACKEND_ONLY",
        "REFLEX_WEB_WORKDIR",
        "REFLEX_SOCKET_MAX_HTTP_BUFFER_SIZE",
        "__REFLEX_SKIP_COMPILE",
        "__REFLEX_MOUNT_FRONTEND_COMPILED_APP",
    ],
)
def test_the_settings_of_reflex_are_called_as_we_set_them(name: str) -> None:
    variable = getattr(EnvironmentVariables, name.removeprefix("__"), None)

    assert variable is not None, f"app/server.py sets {name}, which Reflex no longer reads"
    assert variable.name == name, f"app/server.py sets {name}, which Reflex now calls {variable.name}"
