"""SQLite: one file, opened to read or to write, from which no other file can be reached."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from engine.sdk import StepError
from plugins.database.question import Answer, Question
from plugins.database.rows import MAX_BYTES, take_rows
from plugins.database.running import Interrupter
from plugins.database.statement import SEVERAL, Dialect, write_statement

VERSION = "SELECT sqlite_version() AS version FROM (SELECT count(*) FROM sqlite_schema)"
DIALECT = Dialect(mark="?")
BUSY_SECONDS = 5
INSTRUCTIONS = 10_000  # of SQLite's machine between two looks at the clock
PRAGMAS = frozenset({"table_info", "table_xinfo", "table_list", "index_list", "index_info", "foreign_key_list"})
REFUSED = frozenset(
    {
        sqlite3.SQLITE_ATTACH,  # VACUUM INTO needs it, too
        sqlite3.SQLITE_DETACH,
        sqlite3.SQLITE_CREATE_VTABLE,
        sqlite3.SQLITE_DROP_VTABLE,
    }
)


def ask(file: Path, question: Question, interrupter: Interrupter) -> Answer:
    """Ask a file that a workflow may open."""
    statement = write_statement(question.query, question.parameters, DIALECT)
    try:
        with closing(_open(file, is_read_only=question.is_read_only)) as connection:
            interrupter.arm(connection.interrupt)
            _limit(connection, question, interrupter)
            cursor = connection.execute(statement.text, statement.values)
            rows = take_rows(cursor, cursor, question.max_rows, is_read_only=question.is_read_only)
            count = len(rows) if cursor.description else max(0, cursor.rowcount)
            connection.commit()
            return Answer(rows=rows, count=count)
    except (sqlite3.Error, sqlite3.Warning, OverflowError) as error:
        raise _explain(error) from None


def _open(file: Path, *, is_read_only: bool) -> sqlite3.Connection:
    mode = "ro" if is_read_only else "rw"
    url = f"file:{quote(str(file))}?mode={mode}"
    connection = sqlite3.connect(url, uri=True, timeout=BUSY_SECONDS, check_same_thread=False)
    connection.text_factory = lambda text: text.decode(errors="replace")
    connection.execute(f"PRAGMA query_only={'ON' if is_read_only else 'OFF'}")
    connection.execute("PRAGMA trusted_schema=OFF")
    return connection


def _limit(connection: sqlite3.Connection, question: Question, interrupter: Interrupter) -> None:
    end = time.monotonic() + question.timeout
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_BYTES)
    connection.set_authorizer(_authorize)
    connection.set_progress_handler(lambda: interrupter.is_set or time.monotonic() > end, INSTRUCTIONS)


def _authorize(action: int, first: str | None, second: str | None, *_names: str | None) -> int:
    match action:
        case sqlite3.SQLITE_PRAGMA:
            is_allowed = (first or "").lower() in PRAGMAS
        case sqlite3.SQLITE_FUNCTION:
            is_allowed = (second or "").lower() != "load_extension"
        case _:
            is_allowed = action not in REFUSED
    return sqlite3.SQLITE_OK if is_allowed else sqlite3.SQLITE_DENY


def _explain(error: Exception) -> StepError:
    name, said = getattr(error, "sqlite_errorname", ""), str(error).rstrip(".")
    if name == "SQLITE_INTERRUPT":
        return StepError("SQLite stopped the query: it took too long.", kind="timeout", retryable=True)
    if name == "SQLITE_AUTH":
        return StepError(f"SQLite may not do this here: {said}. ATTACH and PRAGMA are off.", kind="query_failed")
    if said.startswith("You can only execute one statement"):
        said = SEVERAL
    is_busy = name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))
    return StepError(f"SQLite refused the query: {said}.", kind="query_failed", field="query", retryable=is_busy)
