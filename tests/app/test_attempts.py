"""Counting failures without growing for ever."""

from datetime import UTC, datetime, timedelta

import pytest

from app.attempts import Attempts
from app.errors import RateLimited

NOW = datetime(2026, 12, 1, tzinfo=UTC)


def test_the_oldest_failure_says_when_the_next_attempt_may_be_made() -> None:
    attempts = Attempts(limit=2)
    attempts.add("alice", NOW)
    attempts.add("alice", NOW + timedelta(minutes=5))

    with pytest.raises(RateLimited) as raised:
        attempts.check("alice", NOW + timedelta(minutes=10))
    assert raised.value.retry_after == 301
    attempts.check("alice", NOW + timedelta(minutes=16))
    attempts.check("bob", NOW)


def test_an_attempt_that_succeeded_is_taken_back() -> None:
    attempts = Attempts(limit=1)
    attempts.add("alice", NOW)
    attempts.take_back("alice", NOW)

    attempts.check("alice", NOW)


def test_only_so_many_keys_are_remembered() -> None:
    attempts = Attempts(limit=1, max_keys=2)
    for key in ("first", "second", "third"):
        attempts.add(key, NOW)

    attempts.check("first", NOW)
    with pytest.raises(RateLimited):
        attempts.check("third", NOW)
