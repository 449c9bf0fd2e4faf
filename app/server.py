"""Serves pages, websocket and REST interface from one process on one port, until a signal ends it."""

import asyncio
import gc
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any

from app.errors import StartError
from app.frontend import ROOT, WEB
from app.settings import Settings

COLLECT_EVERY = (50_000, 20, 20)  # Python's own 700 looks through the whole of a long list while it is being read
LAST_GRACE = 0.5  # seconds for tasks to end that are cancelled last
MESSAGE_LIMIT = 10 * 1024 * 1024  # bytes of a page's event; a connection with a longer one is closed
UNREADABLE = ("message async handler error", "Unknown receive error", "Error processing event", "Received event ")


def serve(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT; the pages are built and the way is free (`app.preflight`)."""
    set_up_logging()
    prepare_reflex()
    run_to_end(_serve(settings))


def run_to_end(work: Coroutine[Any, Any, None]) -> None:
    """Like `asyncio.run`, but what doesn't end when it is cancelled isn't waited for.

    Our own parts have ended in order by then; a websocket of the stopped server would be waited for for ever.
    """
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(work)
    finally:
        if left := asyncio.all_tasks(loop):
            for task in left:
                task.cancel()
            loop.run_until_complete(asyncio.wait(left, timeout=LAST_GRACE))
        loop.set_exception_handler(lambda *_: None)  # of those that are left nobody needs to hear
        loop.close()


def set_up_logging() -> None:
    """One line a record, ours and the libraries'; requests are not logged."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for name in ("engineio.server", "socketio.server", "httpx", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in ("engineio.server", "reflex.app", "reflex_base.event.processor.event_processor"):
        logging.getLogger(name).addFilter(shorten)


def shorten(record: logging.LogRecord) -> bool:
    """Say in one line that a tab's message can't be read; the libraries repeat it, cookies and passwords included."""
    if record.getMessage().startswith(UNREADABLE):
        kind = record.exc_info[0] if record.exc_info else None
        record.msg, record.args = "A tab sent what can't be read (%s).", (kind.__name__ if kind else "no event",)
        record.exc_info = None
    return True


def prepare_reflex() -> None:
    """Make Reflex serve the built pages as they are; it reads its configuration from the working directory only."""
    os.environ |= {
        "REFLEX_ENV_MODE": "prod",
        "REFLEX_BACKEND_ONLY": "true",
        "REFLEX_WEB_WORKDIR": str(WEB),
        "REFLEX_SOCKET_MAX_HTTP_BUFFER_SIZE": str(MESSAGE_LIMIT),
        "__REFLEX_SKIP_COMPILE": "true",
        "__REFLEX_MOUNT_FRONTEND_COMPILED_APP": "true",
    }
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    from reflex_base.config import get_config

    if get_config().app_name != "app":  # Reflex falls back to defaults that are open to everybody
        raise StartError(f"{ROOT / 'rxconfig.py'} was not found. Install Treadle again with scripts/start.")


async def _serve(settings: Settings) -> None:
    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server.embed import Server
    from starlette.applications import Starlette

    from app.app import app
    from app.in_flight import InFlight

    application = app()
    assert isinstance(application, Starlette)
    gc.freeze()
    gc.set_threshold(*COLLECT_EVERY)
    gc.enable()
    in_flight = InFlight(application)
    server = Server(
        in_flight,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGINL,  # the lifespan is ours, so that its errors reach us as they are
        backpressure=10_000,  # each open page, event stream and waiting call counts
        log_level=LogLevels.error,
    )
    async with application.router.lifespan_context(application), asyncio.TaskGroup() as tasks:
        announcement = tasks.create_task(_announce(settings))
        _at_a_signal(lambda: (server.stop(), tasks.create_task(in_flight.end())))
        await server.serve()
        announcement.cancel()


def _at_a_signal(stop: Callable[[], object]) -> None:
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM)

    def stop_once() -> None:
        for number in numbers:
            loop.remove_signal_handler(number)  # a second one ends the process at once
        stop()

    for number in numbers:
        loop.add_signal_handler(number, stop_once)


async def _announce(settings: Settings) -> None:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104
    while not await _answers(host, settings.port):  # noqa: ASYNC110 the server has no event for it
        await asyncio.sleep(0.02)
    print(f"Treadle is running at {settings.public_url}", flush=True)


async def _answers(host: str, port: int) -> bool:
    try:
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(b"GET /api/health HTTP/1.0\r\nHost: localhost\r\n\r\n")
        status = await reader.readline()
        writer.close()
    except OSError:
        return False
    return b" 200 " in status
