"""Passwords, session tokens and the cookie that carries them."""

import asyncio
import hashlib
import secrets
from functools import cache

from passlib.hash import argon2

COOKIE = "treadle_session"
# About 50 ms on a small server and 19 MiB, the memory that OWASP's password storage sheet asks of argon2id.
HASHER = argon2.using(memory_cost=19 * 1024, time_cost=4, parallelism=1)


async def hash_password(password: str) -> str:
    """Hash a password, in a thread since it is meant to take time."""
    return await asyncio.to_thread(HASHER.hash, password)


async def is_password(password: str, password_hash: str | None) -> bool:
    """Check a password; without a hash (nobody of that name) it is False after the same time."""
    is_right = await asyncio.to_thread(_verify, password, password_hash)
    return is_right and password_hash is not None


def new_token() -> str:
    """An unguessable token."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """What the database keeps of a token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def read_session_cookie(cookie_header: str) -> str | None:
    """Find the session's token in a Cookie header, of a request or of a websocket's handshake."""
    for part in cookie_header.split(";"):
        name, _, value = part.strip().partition("=")
        if name == COOKIE:
            return value or None
    return None


def without_session_cookie(cookie_header: str) -> str:
    """The header's other cookies."""
    parts = (part.strip() for part in cookie_header.split(";"))
    return "; ".join(part for part in parts if part.partition("=")[0] != COOKIE)


def _verify(password: str, password_hash: str | None) -> bool:
    plain = password.encode("utf-8", "replace").replace(b"\0", b"?")  # argon2 takes neither; nobody's has them
    return bool(HASHER.verify(plain, password_hash or _nobodys_hash()))


@cache
def _nobodys_hash() -> str:
    return str(HASHER.hash(new_token()))
