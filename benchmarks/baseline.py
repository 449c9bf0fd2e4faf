"""What the database can do without us: the driver alone inserts rows like the log's, in the same database."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from time import perf_counter
from typing import Any

import psycopg

from app.db import Database

TABLE = (
    "CREATE TABLE baseline (execution_id TEXT, seq INTEGER, node_id TEXT, status TEXT, input TEXT, output TEXT,"
    " timestamp TEXT, PRIMARY KEY (execution_id, seq))"
)
SQLITE = "INSERT INTO baseline VALUES (?, ?, ?, ?, ?, ?, ?)"
POSTGRESQL = "INSERT INTO baseline VALUES (%s, %s, %s, %s, %s, %s, %s)"
ROWS, BATCH, COMMITS = 50_000, 1_000, 1_000


def measure_baseline(database: Database) -> tuple[float, float]:
    """Rows a second in batches of 1,000, and commits a second of two rows each, as a step alone writes them."""
    rows = _make_rows()
    if database.is_sqlite:
        with closing(sqlite3.connect(str(database.url.database), isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous=FULL")
            return _measure(connection, SQLITE, rows)
    with psycopg.connect(database.url.set(drivername="postgresql").render_as_string(hide_password=False)) as server:
        return _measure(server, POSTGRESQL, rows)


def _measure(connection: Any, insert: str, rows: Iterator[tuple[Any, ...]]) -> tuple[float, float]:
    connection.execute(TABLE)
    cursor = connection.cursor()
    return (
        ROWS / _write(connection, cursor, insert, [[next(rows) for _ in range(BATCH)] for _ in range(ROWS // BATCH)]),
        COMMITS / _write(connection, cursor, insert, [[next(rows), next(rows)] for _ in range(COMMITS)]),
    )


def _write(connection: Any, cursor: Any, insert: str, batches: list[list[tuple[Any, ...]]]) -> float:
    started = perf_counter()
    for batch in batches:
        if isinstance(connection, sqlite3.Connection):
            cursor.execute("BEGIN IMMEDIATE")
        cursor.executemany(insert, batch)
        connection.commit()
    return perf_counter() - started


def _make_rows() -> Iterator[tuple[Any, ...]]:
    value = json.dumps({"fields": {"n": 1, "text": "Hello"}})
    for seq in range(10**9):
        yield f"ex_{seq // 10:020}", seq, "node", "succeeded", value, value, "2026-11-01 12:00:00.000000"
