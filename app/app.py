"""Puts the parts together: pages, REST interface, session guard, live updates and the running parts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import reflex as rx

from app.api import create_api
from app.guard import SessionGuard
from app.housekeeping import keep_tidy
from app.live import open_hub
from app.pages import gate, workflows
from app.pages.editor import editor
from app.pages.editor.state import EditorState, open_editor
from app.runtime import open_runtime
from app.settings import get_settings
from app.static import serve_pages
from app.ui.missing import not_found
from app.ui.notices import NoticeState, report_error
from app.ui.offline import offline_banner
from app.ui.styles import STYLESHEETS


def create_app() -> rx.App:
    """The whole product as one ASGI application."""
    app = rx.App(
        stylesheets=STYLESHEETS,
        html_lang="en",
        head_components=[rx.el.link(rel="icon", href="/favicon.svg", type="image/svg+xml")],
        toaster=None,
        app_wraps={(5, "Offline"): lambda stateful: offline_banner() if stateful else None},
        backend_exception_handler=report_error,
        api_transformer=[create_api(), serve_pages],
    )
    app.add_middleware(SessionGuard(), index=0)
    app.register_lifespan_task(_running_parts, app=app)
    app.add_page(gate.login, route="/login", title="Sign in · Treadle", on_load=gate.GateState.load)
    app.add_page(gate.register, route="/register", title="Create an account · Treadle", on_load=gate.GateState.load)
    app.add_page(
        workflows.workflows,
        route="/workflows",
        title="Workflows · Treadle",
        on_load=[NoticeState.dismiss, workflows.WorkflowsState.load],
    )
    app.add_page(
        editor, route="/workflows/[id]/edit", title="Editor · Treadle", on_load=[NoticeState.dismiss, EditorState.load]
    )
    app.add_page(rx.fragment(), route="/workflows/[id]", title="Treadle", on_load=open_editor)
    app.add_page(not_found, route="404", title="Not found · Treadle")
    return app


@asynccontextmanager
async def _running_parts(app: rx.App) -> AsyncIterator[None]:
    async with open_runtime(get_settings()) as runtime, open_hub(app, runtime):
        tidying = asyncio.create_task(keep_tidy(runtime))
        try:
            yield
        finally:
            tidying.cancel()
            await asyncio.wait([tidying])


app = create_app()
