"""What goes out, and what is refused at the door."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address

import httpx
import pytest

from app.egress import PER_HOST, make_client, read_policy
from app.settings import Settings, read_settings
from engine.errors import StepError
from tests.ports import find_free_port


def settings(**environment: str) -> Settings:
    return read_settings({"TREADLE_PORT": str(find_free_port()), **environment})


@asynccontextmanager
async def listen(answer: str, *, port: int = 0) -> AsyncIterator[str]:
    """A server on this machine that gives one answer and notes nothing."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer.encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


class Slow:
    """A server that answers nobody before it goes on; it is full with as many as one host may have."""

    def __init__(self) -> None:
        self.port = 0
        self.is_full = asyncio.Event()
        self.goes_on = asyncio.Event()
        self._count = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self._count += 1
        if self._count == PER_HOST:
            self.is_full.set()
        await self.goes_on.wait()
        writer.write(OK.encode())
        await writer.drain()
        writer.close()


@pytest.fixture
async def slow() -> AsyncIterator[Slow]:
    slow = Slow()
    async with await asyncio.start_server(slow.serve, "127.0.0.1") as server:
        slow.port = server.sockets[0].getsockname()[1]
        yield slow


OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: session=theirs\r\nConnection: close\r\n\r\nhi"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fc00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
    ],
)
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    assert not read_policy(()).is_allowed("host.example", ip_address(address))


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700:4700::1111", "::ffff:1.1.1.1"])
def test_a_public_address_is_allowed(address: str) -> None:
    assert read_policy(()).is_allowed("host.example", ip_address(address))


@pytest.mark.parametrize(
    ("allow", "host", "address", "is_allowed"),
    [
        ("127.0.0.1", "localhost", "127.0.0.1", True),
        ("127.0.0.1", "localhost", "::ffff:127.0.0.1", True),
        ("10.0.0.0/8", "db.internal", "10.9.8.7", True),
        ("10.0.0.0/8", "db.internal", "192.168.0.1", False),
        ("db.internal", "db.internal", "10.9.8.7", True),
        ("DB.internal", "db.internal", "10.9.8.7", True),
        ("db.internal", "other.internal", "10.9.8.7", False),
        ("[::1]", "localhost", "::1", True),
    ],
)
def test_a_setting_opens_hosts_and_networks(allow: str, host: str, address: str, is_allowed: bool) -> None:
    assert read_policy((allow,)).is_allowed(host, ip_address(address)) is is_allowed


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "127.1"])
async def test_no_spelling_of_this_machine_is_reached(host: str) -> None:
    async with make_client(settings()) as http:
        with pytest.raises(StepError, match="TREADLE_EGRESS_ALLOW"):
            await http.get(f"http://{host}:9/")


async def test_an_allowed_host_is_reached() -> None:
    async with listen(OK) as address, make_client(settings(TREADLE_EGRESS_ALLOW="127.0.0.1")) as http:
        answer = await http.get(f"http://{address}/")

    assert answer.text == "hi"


async def test_a_redirect_passes_the_same_door() -> None:
    redirect = "HTTP/1.1 302 Found\r\nLocation: http://[::1]:9/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    async with listen(redirect) as address, make_client(settings(TREADLE_EGRESS_ALLOW="127.0.0.1")) as http:
        with pytest.raises(StepError, match="::1"):
            await http.get(f"http://{address}/", follow_redirects=True)


async def test_cookies_of_one_request_are_not_sent_with_the_next() -> None:
    async with listen(OK) as address, make_client(settings(TREADLE_EGRESS_ALLOW="127.0.0.1")) as http:
        await http.get(f"http://{address}/")

        assert not http.cookies


async def test_the_products_own_examples_are_reached_without_a_setting() -> None:
    own = settings()
    async with listen(OK, port=own.port), make_client(own) as http:
        relative = await http.get("/examples/orders.json")
        absolute = await http.get(f"{own.public_url}/examples/orders.json")

    assert relative.text == absolute.text == "hi"


@pytest.mark.parametrize("path", ["/api/health", "/examples/../api/health", "/examples/%2e%2e/api/health", "/"])
async def test_nothing_else_of_the_product_is_reached(path: str) -> None:
    own = settings()
    async with listen(OK, port=own.port), make_client(own) as http:
        with pytest.raises(StepError, match="only the files under /examples/"):
            await http.get(f"{own.public_url}{path}")


async def test_a_slow_host_takes_no_more_than_its_share(slow: Slow) -> None:
    allowed = settings(TREADLE_EGRESS_ALLOW="127.0.0.1,localhost")
    async with make_client(allowed) as http:
        waiting = [asyncio.create_task(http.get(f"http://127.0.0.1:{slow.port}/")) for _ in range(PER_HOST)]
        await slow.is_full.wait()
        with pytest.raises(httpx.PoolTimeout, match="under way"):
            await http.get(f"http://127.0.0.1:{slow.port}/", timeout=httpx.Timeout(5, pool=0.01))
        other = asyncio.create_task(http.get(f"http://localhost:{slow.port}/"))
        slow.goes_on.set()
        answers = await asyncio.gather(*waiting, other, http.get(f"http://127.0.0.1:{slow.port}/"))

    assert {answer.text for answer in answers} == {"hi"}


async def test_only_http_is_spoken() -> None:
    async with make_client(settings()) as http:
        with pytest.raises(StepError, match="http://"):
            await http.get("ftp://example.com/")


async def test_proxies_of_the_environment_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    async with listen(OK) as address, make_client(settings(TREADLE_EGRESS_ALLOW="127.0.0.1")) as http:
        assert (await http.get(f"http://{address}/")).status_code == 200


async def test_a_host_that_does_not_exist_is_a_connection_error() -> None:
    name = "no-such-host.invalid"
    async with make_client(settings()) as http:
        with pytest.raises(httpx.ConnectError, match=name):
            await http.get(f"http://{name}/")
