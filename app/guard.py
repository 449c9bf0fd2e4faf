"""Who is at the page: every event of every tab passes the guard here first."""

from contextvars import ContextVar
from typing import Any

import reflex as rx
from reflex.istate.data import HeaderData
from reflex.state import (
    BaseState,
    FrontendEventExceptionState,
    OnLoadInternalState,
    State,
    StateUpdate,
    UpdateVarsInternalState,
)
from reflex_base.event import Event
from reflex_base.utils.format import format_event_handler

from app.models import Session, User
from app.runtime import get_runtime
from app.security import read_session_cookie
from app.services import accounts

# What a page does by itself before anybody has signed in; each handler that it starts is checked again.
OPEN_TO_STRANGERS = {
    f"{State.get_full_name()}.hydrate",
    f"{State.get_full_name()}.hydrate_and_load",
    f"{OnLoadInternalState.get_full_name()}.on_load_internal",
    f"{OnLoadInternalState.get_full_name()}.set_is_hydrated",
    f"{UpdateVarsInternalState.get_full_name()}.update_vars_internal",
    f"{FrontendEventExceptionState.get_full_name()}.handle_frontend_exception",
}
_signed_in: ContextVar[tuple[User, Session] | None] = ContextVar("signed_in", default=None)


class MeState(rx.State):
    """The person this tab belongs to, as the shell shows them."""

    user_id: str = ""
    name: str = ""
    email: str = ""

    def bind(self, user: User | None) -> None:
        """Make the tab `user`'s, or nobody's."""
        self.user_id, self.name, self.email = (user.id, user.name, user.email) if user else ("", "", "")


class SessionGuard(rx.Middleware):
    """Checks the session in the database before each event; a tab whose person changed forgets all it held."""

    async def preprocess(self, app: Any, state: BaseState, event: Event) -> StateUpdate | None:
        root = state._get_root_state()
        signed_in = await _find_session(root.router.headers)
        user = signed_in[0] if signed_in else None
        me = await root.get_state(MeState)
        if me.user_id != (user.id if user else ""):
            root.reset()
            me.bind(user)
        _signed_in.set(signed_in)
        if user is None and event.name not in OPEN_TO_STRANGERS:
            return StateUpdate(events=Event.from_event_type(rx.redirect("/login")))
        return None


def open_to_strangers(handler: rx.EventHandler) -> None:
    """Let people who haven't signed in call a handler."""
    OPEN_TO_STRANGERS.add(format_event_handler(handler))


def current_user() -> User:
    """The person whose event is being handled; the guard has let them in."""
    return _current()[0]


def current_session() -> Session:
    """The session by which they came in."""
    return _current()[1]


def _current() -> tuple[User, Session]:
    if (signed_in := _signed_in.get()) is None:
        raise LookupError("a handler ran without the session guard")
    return signed_in


async def _find_session(headers: HeaderData) -> tuple[User, Session] | None:
    return await accounts.find_session(get_runtime(), read_session_cookie(headers.cookie))
