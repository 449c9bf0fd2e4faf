"""PostgreSQL: one transaction, read row by row, through psycopg."""

import os
import re
from collections.abc import Generator, Iterable
from contextlib import closing
from typing import Any, cast

import certifi
import psycopg
from psycopg import errors

from engine.sdk import StepError
from plugins.database.place import Place
from plugins.database.question import CONNECT_SECONDS, Answer, Question
from plugins.database.rows import take_rows
from plugins.database.running import Interrupter
from plugins.database.statement import SEVERAL, Dialect, Statement, write_statement

VERSION = "SHOW server_version"
DIALECT = Dialect(mark="%s", escaped_mark=("%", "%%"))
READS = frozenset({"select", "with", "values", "table"})
CHANGES = re.compile(r"\b(insert|update|delete|merge|into)\b", re.IGNORECASE)
CHUNK = 200  # rows that come together
MULTIPLE = "cannot insert multiple commands into a prepared statement"
PASSING = ("08", "40", "53", "55P03", "57P")  # worth another try


def ask(place: Place, address: str, question: Question, interrupter: Interrupter) -> Answer:
    """Ask at the address that was checked; the name serves TLS alone."""
    statement = write_statement(question.query, question.parameters, DIALECT)
    try:
        with _connect(place, address) as connection:
            interrupter.arm(lambda: connection.cancel_safe(timeout=1))
            connection.read_only = question.is_read_only
            milliseconds = max(1, round(question.timeout * 1000))
            connection.execute("SELECT set_config('statement_timeout', %s, true)", [str(milliseconds)])
            return _run(connection, statement, question)
    except psycopg.Error as error:
        raise _explain(error, place, statement) from None


def _connect(place: Place, address: str) -> psycopg.Connection:
    """All that libpq would look for in files and in the server's environment is said here."""
    mode = place.options.get("sslmode", "prefer")
    return psycopg.connect(
        host=place.host,
        hostaddr=address,
        port=place.port,
        user=place.user,
        password=place.password,
        dbname=place.database,
        sslmode=mode,
        sslcertmode="disable",
        sslrootcert=certifi.where() if mode == "verify-full" else "",
        channel_binding=place.options.get("channel_binding", "prefer"),
        passfile=f"{os.devnull}/none",
        gssencmode="disable",
        connect_timeout=CONNECT_SECONDS,
        application_name="Treadle",
    )


def _run(connection: psycopg.Connection, statement: Statement, question: Question) -> Answer:
    """Run it through the extended protocol, which takes one statement and no more."""
    with connection.cursor() as cursor:
        if question.is_read_only or (statement.first_word in READS and not CHANGES.search(statement.text)):
            stream = cast("Generator[Any, None, None]", cursor.stream(statement.text, statement.values, size=CHUNK))
            with closing(stream):  # it holds the connection until then
                return _take(cursor, stream, question)
        cursor.execute(statement.text, statement.values, prepare=True)
        if cursor.description is None:
            return Answer(rows=[], count=max(0, cursor.rowcount))
        return _take(cursor, cursor, question)


def _take(cursor: psycopg.Cursor, rows: Iterable[Any], question: Question) -> Answer:
    taken = take_rows(cursor, rows, question.max_rows, is_read_only=question.is_read_only)
    return Answer(rows=taken, count=len(taken))


def _explain(error: psycopg.Error, place: Place, statement: Statement) -> StepError:
    state = error.sqlstate or ""
    if isinstance(error, errors.QueryCanceled):
        return StepError("PostgreSQL stopped the query: it took too long.", kind="timeout", retryable=True)
    if error.diag.message_primary is None:
        return _explain_driver(error, place)
    if error.diag.message_primary == MULTIPLE:
        return StepError(f"PostgreSQL refused the query: {SEVERAL}.", kind="query_failed", field="query")
    line = f" (line {_find_line(statement, int(at))})" if (at := error.diag.statement_position) else ""
    hint = f" {error.diag.message_hint}" if error.diag.message_hint else ""
    return StepError(
        f"PostgreSQL refused the query: {error.diag.message_primary}{line}.{hint}",
        kind="query_failed",
        field="query",
        retryable=state.startswith(PASSING),
    )


def _find_line(statement: Statement, position: int) -> int:
    """The server counts characters of what it was sent, where a percent sign is one."""
    return statement.text.replace("%%", "%").count("\n", 0, position) + 1


def _explain_driver(error: psycopg.Error, place: Place) -> StepError:
    """What the server didn't say itself; of the connection the driver names our address, too, and that we cut."""
    said = str(error).strip().partition("\n")[0]
    match error:
        case errors.ProgrammingError():
            message = "This query gives no rows. For one that changes something, switch read only off."
            return StepError(message, kind="query_failed", field="query")
        case psycopg.OperationalError() if "FATAL:" in said:
            reason = said.rpartition("FATAL:")[2].strip()
            return StepError(f"PostgreSQL refused the connection: {reason}.", kind="connection")
        case psycopg.OperationalError():
            reason = said.rpartition("failed: ")[2].rstrip(".")
            message = f"PostgreSQL at {place.host}:{place.port} can't be used: {reason}."
            return StepError(message, kind="connection", retryable=True)
    return StepError(f"PostgreSQL gave what can't be read: {said}.", kind="query_failed", field="query")
