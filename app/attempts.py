"""Counts failed attempts, so that nobody guesses a password by trying."""

from collections import OrderedDict
from datetime import datetime, timedelta

from app.errors import RateLimited


class Attempts:
    """At most `limit` failures in `window` for each key, of the newest `max_keys`; in this process' memory."""

    def __init__(self, *, limit: int = 10, window: timedelta = timedelta(minutes=15), max_keys: int = 10_000) -> None:
        self._limit = limit
        self._window = window
        self._max_keys = max_keys
        self._failures: OrderedDict[str, list[datetime]] = OrderedDict()

    def check(self, key: str, now: datetime) -> None:
        """Raise RateLimited when the key has used up its attempts."""
        recent = self._recent(key, now)
        if len(recent) >= self._limit:
            wait = recent[-self._limit] + self._window - now
            seconds = int(wait.total_seconds()) + 1
            raise RateLimited(f"Too many attempts. Try again in {-(-seconds // 60)} min.", retry_after=seconds)

    def add(self, key: str, now: datetime) -> None:
        """Count an attempt, before its outcome is known: attempts side by side must not slip through."""
        self._failures[key] = [*self._recent(key, now), now][-self._limit :]
        self._failures.move_to_end(key)
        while len(self._failures) > self._max_keys:
            self._failures.popitem(last=False)

    def take_back(self, key: str, moment: datetime) -> None:
        """Forget the attempt of that moment: it has succeeded."""
        self._failures[key] = [time for time in self._failures.get(key, []) if time != moment]

    def forget(self, key: str) -> None:
        """Start anew."""
        self._failures.pop(key, None)

    def _recent(self, key: str, now: datetime) -> list[datetime]:
        return [time for time in self._failures.get(key, []) if time > now - self._window]
