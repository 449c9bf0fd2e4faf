"""Whose failures are counted together: addresses as far as they can be believed."""

import pytest
from fastapi import Request

from app.api.addresses import find_address


def request(peer: str, *forwarded: str) -> Request:
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    return Request({"type": "http", "client": (peer, 4711), "headers": headers})


@pytest.mark.parametrize(
    ("peer", "forwarded", "proxies", "found"),
    [
        ("203.0.113.7", [], 0, "203.0.113.7"),
        ("203.0.113.7", ["198.51.100.1"], 0, "203.0.113.7"),
        ("127.0.0.1", ["198.51.100.1"], 0, ""),
        ("::1", [], 0, ""),
        ("127.0.0.1", ["6.6.6.6, 198.51.100.1"], 1, "198.51.100.1"),
        ("127.0.0.1", ["6.6.6.6", "198.51.100.1, 10.0.0.2"], 2, "198.51.100.1"),
        ("127.0.0.1", ["198.51.100.1"], 2, ""),
        ("127.0.0.1", [], 1, ""),
        ("203.0.113.7", ["198.51.100.1"], 2, "203.0.113.7"),
        ("127.0.0.1", ["unknown"], 1, ""),
        ("2001:db8:1:2:3:4:5:6", [], 0, "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", [], 0, "203.0.113.7"),
    ],
)
def test_only_what_our_own_proxies_say_is_believed(peer: str, forwarded: list[str], proxies: int, found: str) -> None:
    assert find_address(request(peer, *forwarded), proxies) == found
