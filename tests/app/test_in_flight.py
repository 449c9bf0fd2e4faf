"""How the server ends while somebody is still there."""

import asyncio
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from app import in_flight
from app.in_flight import InFlight


class Visitor:
    """A request that ends when it is told to, or is ended."""

    def __init__(self) -> None:
        self.may_end = asyncio.Event()
        self.has_ended = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.may_end.wait()
        self.has_ended = True


def visit(requests: InFlight, kind: str) -> asyncio.Task[None]:
    unused: Any = None
    return asyncio.ensure_future(requests({"type": kind}, unused, unused))


async def test_a_request_may_end_by_itself() -> None:
    visitor = Visitor()
    requests = InFlight(visitor)
    request = visit(requests, "http")
    await asyncio.sleep(0)
    visitor.may_end.set()

    await requests.end()

    assert visitor.has_ended
    assert request.done()
    assert not requests.tasks


async def test_a_websocket_is_closed_at_once_and_a_stream_after_the_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_flight, "GRACE", 0)
    visitor = Visitor()
    requests = InFlight(visitor)
    websocket, stream = visit(requests, "websocket"), visit(requests, "http")
    await asyncio.sleep(0)

    await requests.end()
    await asyncio.gather(websocket, stream)

    assert not visitor.has_ended
    assert not requests.tasks
