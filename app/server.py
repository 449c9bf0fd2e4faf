"""Serves pages, websocket and REST interface from one process on one port, until a signal ends it."""

import asyncio
import errno
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable

from app.errors import StartError
from app.frontend import ROOT, WEB
from app.settings import Settings


def serve(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT; raise StartError when something that a person can mend is in the way."""
    check_data_folder(settings)
    check_port(settings)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    prepare_reflex()
    asyncio.run(_serve(settings))


def check_data_folder(settings: Settings) -> None:
    """Make the data folder, private to this user."""
    try:
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        is_writable = os.access(settings.data, os.W_OK | os.X_OK)
    except OSError:
        is_writable = False
    if not is_writable:
        raise StartError(f"{settings.data} cannot be written. Set TREADLE_DATA to a folder that you may write to.")


def check_port(settings: Settings) -> None:
    """Try the port ourselves, since the server would share it with another of its kind without a word."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except (OSError, OverflowError) as error:
            raise StartError(_explain(error, settings)) from error


def prepare_reflex() -> None:
    """Tell Reflex to serve the built pages as they are; it reads its configuration from the working directory only."""
    os.environ |= {
        "REFLEX_ENV_MODE": "prod",
        "REFLEX_BACKEND_ONLY": "true",
        "REFLEX_WEB_WORKDIR": str(WEB),
        "__REFLEX_SKIP_COMPILE": "true",
        "__REFLEX_MOUNT_FRONTEND_COMPILED_APP": "true",
    }
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    from reflex_base.config import get_config

    if get_config().app_name != "app":
        raise StartError(f"{ROOT}/rxconfig.py was not found. Start Treadle from its own folder.")


async def _serve(settings: Settings) -> None:
    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server.embed import Server

    from app.app import app

    server = Server(
        app(),
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        backpressure=10_000,  # each open page, event stream and waiting call counts
        log_level=LogLevels.error,
    )
    _stop_at_a_signal(server.stop)
    announcement = asyncio.create_task(_announce(settings))
    await server.serve()
    announcement.cancel()


def _stop_at_a_signal(stop: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()

    def stop_once() -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)  # a second one ends the process at once
        stop()

    for number in (signal.SIGINT, signal.SIGTERM):
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


def _explain(error: Exception, settings: Settings) -> str:
    address = f"{settings.host}:{settings.port}"
    match getattr(error, "errno", None):
        case errno.EADDRINUSE:
            return f"Something else is listening on {address}. Stop it, or set TREADLE_PORT to a free port."
        case errno.EACCES:
            return f"This user may not listen on {address}. Set TREADLE_PORT to a port above 1023."
        case _:
            return f"Treadle cannot listen on {address} ({error}). Mend TREADLE_HOST or TREADLE_PORT."
