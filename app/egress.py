"""The one policy for everything that goes out: public addresses only, unless a setting allows more.

The name is resolved here and the connection goes to the address that was checked, so that no second look-up can
answer differently; redirects pass through the same door.
"""

import asyncio
import ipaddress
import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any
from weakref import WeakValueDictionary

import httpcore
import httpx

from app.settings import Settings
from engine.errors import StepError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
ASSETS = "/examples/"  # what ships with Treadle for everybody to read
CONNECT_SECONDS = 10
PER_HOST = 20  # connections of the 100 there are
NAT64 = ipaddress.ip_network("64:ff9b::/96")


def make_client(settings: Settings) -> httpx.AsyncClient:
    """The client for all outgoing HTTP; a URL that begins with `/` is Treadle's own."""
    return httpx.AsyncClient(
        transport=Transport(settings),
        base_url=settings.public_url,
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),  # one workflow's cookies are no other's
        headers={"User-Agent": "Treadle"},
        timeout=httpx.Timeout(None, connect=CONNECT_SECONDS, pool=30),  # the node's own timeout ends the rest
        trust_env=False,
    )


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Which hosts, and which networks besides the public ones, may be reached."""

    hosts: frozenset[str]
    networks: tuple[Network, ...]

    def is_allowed(self, host: str, address: Address) -> bool:
        """May a connection to `host` go to this address?"""
        plain = _unwrap(address)
        return host in self.hosts or _is_public(plain) or any(plain in network for network in self.networks)


def read_policy(allow: Iterable[str]) -> Policy:
    """Read `TREADLE_EGRESS_ALLOW`: what isn't an address or a CIDR is the name of a host."""
    hosts, networks = set(), []
    for part in allow:
        try:
            networks.append(ipaddress.ip_network(part.strip("[]"), strict=False))
        except ValueError:
            hosts.add(part.lower())
    return Policy(hosts=frozenset(hosts), networks=tuple(networks))


class Transport(httpx.AsyncBaseTransport):
    """Sends requests through the guarded network, except those for Treadle's own assets."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._guarded = _GuardedTransport(read_policy(settings.egress_allow))
        self._own = httpx.AsyncHTTPTransport(trust_env=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.scheme not in {"http", "https"}:
            raise StepError(f"Only http:// and https:// can be reached, not {request.url.scheme}://.", kind="bad_url")
        if is_own_asset(request, self._settings):
            return await self._own.handle_async_request(_to_listener(request, self._settings))
        try:
            return await self._guarded.handle_async_request(request)
        except StepError:
            if not _is_own(request.url, self._settings):
                raise
            message = f"Of Treadle itself only the files under {ASSETS} can be reached, not {request.url.path[:200]}."
            raise StepError(message, kind="egress_refused") from None

    async def aclose(self) -> None:
        await self._guarded.aclose()
        await self._own.aclose()


def is_own_asset(request: httpx.Request, settings: Settings) -> bool:
    """Is it a file that ships with Treadle, under our own origin?"""
    path = request.url.path
    is_plain = path.startswith(ASSETS) and ".." not in path and "\\" not in path
    return _is_own(request.url, settings) and is_plain and request.method in {"GET", "HEAD"}


def _is_own(url: httpx.URL, settings: Settings) -> bool:
    own = httpx.URL(settings.public_url)
    return (url.scheme, url.host, url.port) == (own.scheme, own.host, own.port)


def _to_listener(request: httpx.Request, settings: Settings) -> httpx.Request:
    """The same request to where we listen: behind a proxy the public name may not lead back here."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104
    url = request.url.copy_with(scheme="http", host=host, port=settings.port)
    return httpx.Request(request.method, url, headers=request.headers, extensions=request.extensions)


class _GuardedTransport(httpx.AsyncHTTPTransport):
    """httpx's own transport on a network that checks addresses, which httpx has no setting for."""

    def __init__(self, policy: Policy) -> None:
        super().__init__(trust_env=False)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=httpx.create_ssl_context(trust_env=False),
            max_connections=100,
            max_keepalive_connections=20,
            keepalive_expiry=5,
            network_backend=GuardedNetwork(policy),
        )
        self._shares: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()  # by host, those in use

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send it when its host has a connection left of its share: a slow host must not take them all."""
        share = self._shares.setdefault(request.url.host, asyncio.Semaphore(PER_HOST))
        try:
            async with asyncio.timeout(request.extensions["timeout"]["pool"]):
                await share.acquire()
        except TimeoutError:
            raise httpx.PoolTimeout(f"{PER_HOST} requests to {request.url.host} are under way.") from None
        async with AsyncExitStack() as closing:
            closing.callback(share.release)
            response = await super().handle_async_request(request)
            assert isinstance(response.stream, httpx.AsyncByteStream)
            closing.push_async_callback(response.stream.aclose)
            response.stream = _Held(response.stream, closing.pop_all())
            return response


class _Held(httpx.AsyncByteStream):
    """An answer that keeps its connection, and its part of the host's share, until it is closed."""

    def __init__(self, stream: httpx.AsyncByteStream, closing: AsyncExitStack) -> None:
        self._stream = stream
        self._closing = closing

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._stream:
            yield part

    async def aclose(self) -> None:
        await self._closing.aclose()


class GuardedNetwork(httpcore.AsyncNetworkBackend):
    """Opens connections to addresses that the policy allows; TLS goes on checking the name."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        allowed = await _find_allowed(self._policy, host, port, timeout)
        for address in allowed[:-1]:
            try:
                return await self._network.connect_tcp(str(address), port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._network.connect_tcp(str(allowed[-1]), port, timeout, local_address, socket_options)

    async def connect_unix_socket(self, *_args: Any, **_options: Any) -> httpcore.AsyncNetworkStream:
        raise StepError("Unix sockets can't be reached from a workflow.", kind="egress_refused")

    async def sleep(self, seconds: float) -> None:
        await self._network.sleep(seconds)


async def find_address(policy: Policy, host: str, port: int) -> str:
    """Return the address that a connection other than HTTP may go to; of several, one that answers."""
    try:
        allowed = await _find_allowed(policy, host, port, CONNECT_SECONDS)
    except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
        raise StepError(f"{error} Check its name.", kind="connection", retryable=True) from None
    for address in allowed[:-1]:
        if await _answers(address, port):
            return str(address)
    return str(allowed[-1])


async def _answers(address: Address, port: int) -> bool:
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            _, writer = await asyncio.open_connection(str(address), port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


async def _find_allowed(policy: Policy, host: str, port: int, timeout: float | None) -> list[Address]:
    addresses = await _resolve(host, port, timeout)
    allowed = [address for address in addresses if policy.is_allowed(host.lower(), address)]
    if not allowed:
        raise _refusal(host, addresses[0])
    return allowed


async def _resolve(host: str, port: int, timeout: float | None) -> list[Address]:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(timeout):
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except TimeoutError as error:
        raise httpcore.ConnectTimeout(f"Looking up {host} took too long.") from error
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(f"The host {host} was not found.") from error
    return [ipaddress.ip_address(sockaddr[0]) for *_, sockaddr in found]


def _refusal(host: str, address: Address) -> StepError:
    where = host if host == str(address) else f"{host} ({address})"
    return StepError(
        f"Treadle does not connect to {where}: it is not a public address. "
        f"Whoever runs Treadle can allow it with TREADLE_EGRESS_ALLOW={host}.",
        kind="egress_refused",
    )


def _unwrap(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, if it stands for one."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None) or address


def _is_public(address: Address) -> bool:
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)
