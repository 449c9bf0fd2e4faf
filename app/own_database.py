"""Treadle's own database, which no workflow may open: recognized by its file, or by server and name."""

import asyncio
import ipaddress
import socket
from pathlib import Path

from app.db import read_url


async def is_own_database(own_url: str, address: str, port: int, database: str) -> bool:
    """Does this address of a server lead to it, whatever name it was found by?"""
    own = read_url(own_url)
    if own.get_backend_name() == "sqlite" or (own.port or 5432, own.database or own.username) != (port, database):
        return False
    host = own.query.get("host") or own.host or "/"
    hosts = [host] if isinstance(host, str) else host
    addresses = [found for name in hosts for found in await _find_addresses(name)]
    return address in addresses or (_is_this_machine(address) and any(map(_is_this_machine, addresses)))


def is_own_file(own_url: str, file: Path) -> bool:
    """Is it the same file, under whatever name?"""
    own = read_url(own_url)
    path = Path(own.database or "")
    return own.get_backend_name() == "sqlite" and path.exists() and file.samefile(path)


async def _find_addresses(host: str) -> list[str]:
    if host.startswith("/"):  # a socket's folder
        return ["127.0.0.1"]
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return []
    return [str(sockaddr[0]) for *_, sockaddr in found]


def _is_this_machine(address: str) -> bool:
    """Only an own address can be bound."""
    try:
        family = socket.AF_INET6 if ipaddress.ip_address(address).version == 6 else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
    except (ValueError, OSError):
        return False
    return True
