"""What is wrong with a node's settings: time limit, retry, error handling, join."""

import math
from collections.abc import Container, Iterator
from typing import Any

TYPES = ("trigger", "action", "condition", "group")
CHOICES = {"on_error": ("stop", "continue", "branch"), "join": ("all", "any")}
LIMITS = {"max_attempts": (1, 100), "delay": (0, 86_400), "backoff": (1, 100), "max_delay": (0, 86_400)}
MAX_TIMEOUT = 86_400


def find_setting_problems(node: dict[str, Any], ids: Container[str]) -> Iterator[tuple[str, str]]:
    """Yield (setting, message) for each setting that doesn't fit."""
    data = node["data"]
    if node.get("type") not in TYPES:
        yield "type", f"The type of a node is one of {', '.join(TYPES)}."
    if (parent := node.get("parentId")) is not None and (not isinstance(parent, str) or parent not in ids):
        yield "parentId", "The group that this node belongs to doesn't exist."
    if not isinstance(data.get("connection"), str | None):
        yield "connection", "The connection is given by its id."
    yield from _check_run(data)
    yield from _check_retry(data.get("retry"))


def _check_run(data: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if not isinstance(data.get("enabled"), bool | None):
        yield "enabled", "enabled is true or false."
    if (timeout := data.get("timeout")) is not None and not _is_between(timeout, 0.001, MAX_TIMEOUT):
        yield "timeout", f"The time limit is a number of seconds above 0 and up to {MAX_TIMEOUT:,}."
    for name, choices in CHOICES.items():
        if (value := data.get(name)) is not None and value not in choices:
            yield name, f"{name} is one of {', '.join(choices)}."


def _check_retry(retry: Any) -> Iterator[tuple[str, str]]:
    if retry is None:
        return
    if not isinstance(retry, dict):
        yield "retry", "retry is an object with max_attempts, delay, backoff and max_delay."
        return
    for name, (low, high) in LIMITS.items():
        value = retry.get(name)
        whole = name != "max_attempts" or isinstance(value, int)
        if value is not None and not (whole and _is_between(value, low, high)):
            yield "retry", f"{name} is a {'whole ' if name == 'max_attempts' else ''}number from {low} to {high:,}."


def _is_between(value: Any, low: float, high: float) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and math.isfinite(value) and low <= value <= high
