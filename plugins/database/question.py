"""What is asked of a database, and within which bounds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.sdk import Query

CONNECT_SECONDS = 10


@dataclass(frozen=True, kw_only=True)
class Question:
    """`timeout` in seconds is the database's own limit, for the case that nobody is left to interrupt it."""

    query: Query
    parameters: Mapping[str, Any]
    is_read_only: bool
    max_rows: int
    timeout: float


@dataclass(frozen=True, kw_only=True)
class Answer:
    """`count` is how many rows there are, or were changed by a statement that gives none."""

    rows: list[Any]
    count: int
