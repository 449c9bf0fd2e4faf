"""What is wrong with a workflow's own settings."""

from collections.abc import Iterator, Mapping
from typing import Any

MAX_LIMIT = 1_000
WHEN_FULL = ("queue", "skip", "cancel_older")


def find_workflow_problems(definition: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (field, message)."""
    concurrency = definition.get("concurrency")
    if concurrency is None:
        return
    if not isinstance(concurrency, dict):
        yield "concurrency", "concurrency is an object with limit and when_full."
        return
    limit = concurrency.get("limit")
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= MAX_LIMIT:
        yield "concurrency", f"concurrency needs a limit: a whole number from 1 to {MAX_LIMIT:,}."
    if concurrency.get("when_full") not in (*WHEN_FULL, None):
        yield "concurrency", f"when_full is one of {', '.join(WHEN_FULL)}."
