"""Live updates: the state that is pushed into tabs, and the only use of Reflex's push path.

A push is a raw delta for `LiveState`: it takes no lock on the tab's state, waits for no handler and is kept
nowhere, so a page that loads is sent all of it anew.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import reflex as rx
from reflex.state import StateUpdate
from reflex_base.constants.state import FIELD_MARKER
from reflex_base.event import Event

from app.hub import Hub, Push, SendAway
from app.runtime import Runtime
from app.ui.rows import ExecutionRow, ProblemRow, StepDetail, StepRow


class LiveState(rx.State):
    """What the server pushes into a tab; handlers never read it, since on the server it keeps its defaults."""

    message: dict[str, Any] = {}
    name: str = ""
    is_empty: bool = False
    problems: list[ProblemRow] = []
    executions: list[ExecutionRow] = []
    followed: str = ""
    followed_status: str = ""
    steps: list[StepRow] = []
    detail: StepDetail = StepDetail()


_open: list[Hub] = []


@asynccontextmanager
async def open_hub(app: rx.App, runtime: Runtime) -> AsyncIterator[Hub]:
    """Run the hub of this process until the block ends."""
    hub = Hub(runtime, _push_through(app), _send_away_through(app))
    running = asyncio.create_task(hub.run())
    _open.append(hub)
    try:
        yield hub
    finally:
        _open.remove(hub)
        running.cancel()
        await asyncio.wait([running])


def get_hub() -> Hub:
    """The hub of this process."""
    return _open[-1]


def _push_through(app: rx.App) -> Push:
    async def push(token: str, values: dict[str, Any]) -> bool:
        tabs = app.event_namespace
        if tabs is None or token not in tabs.token_to_sid:
            return False
        wire = {f"{name}{FIELD_MARKER}": value for name, value in values.items()}
        await tabs.emit_update(StateUpdate(delta={LiveState.get_full_name(): wire}), token=token)
        return True

    return push


def _send_away_through(app: rx.App) -> SendAway:
    async def send_away(token: str) -> None:
        if (tabs := app.event_namespace) and token in tabs.token_to_sid:
            leave = rx.redirect("/login", replace=True)
            await tabs.emit_update(StateUpdate(events=Event.from_event_type(leave)), token=token)

    return send_away
