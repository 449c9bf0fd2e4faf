"""A service outside that counts how often each of its paths is asked for, and fails where it is told to."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.app.shapes import node
from tests.ports import find_free_port


@dataclass
class Counting:
    """It answers `/name` with how often it was asked, or with 500 while the path is in `failing`."""

    port: int
    calls: Counter[str] = field(default_factory=Counter)
    failing: set[str] = field(default_factory=set)

    def step(self, id_: str, path: str = "", **settings: Any) -> dict[str, Any]:
        """A node that asks for `/id`, or for another path."""
        made = node(id_, "http/request", method="GET", url=f"http://127.0.0.1:{self.port}/{path or id_}")
        made["data"] |= settings
        return made

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        path = request.split()[1].decode().removeprefix("/")
        self.calls[path] += 1
        body = str(self.calls[path]).encode()
        status = b"500 No" if path in self.failing else b"200 OK"
        writer.write(b"HTTP/1.1 %b\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b" % (status, len(body), body))
        await writer.drain()
        writer.close()


@asynccontextmanager
async def open_counting() -> AsyncIterator[Counting]:
    service = Counting(find_free_port())
    async with await asyncio.start_server(service.answer, "127.0.0.1", service.port):
        yield service
