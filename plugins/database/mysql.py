"""MySQL and MariaDB through PyMySQL; the server itself binds the values."""

import re
import socket
import ssl
from contextlib import closing
from typing import Any

import certifi
import pymysql
from pymysql.cursors import SSCursor

from engine.sdk import StepError
from plugins.database.place import Place
from plugins.database.question import CONNECT_SECONDS, Answer, Question
from plugins.database.rows import take_rows
from plugins.database.running import Interrupter
from plugins.database.statement import SEVERAL, WITH_BACKSLASHES, Dialect, Statement, is_several, write_statement

VERSION = "SELECT version() AS version"
DIALECT = Dialect(mark="?", lexeme=WITH_BACKSLASHES)
READS = frozenset({"select", "with", "values", "table", "show", "explain", "describe", "desc"})
SYNTAX = 1064
STOPPED = frozenset({1317, 1969, 3024})
PASSING = frozenset({1205, 1213})  # locks: worth another try
UNREACHABLE = frozenset({1040, 2003, 2006, 2013, 2026})
REFUSED = frozenset({1044, 1045, 1049, 1129, 1130})
OUR_ADDRESS = re.compile(r"@'[^']*'")  # the server's messages repeat it


def ask(place: Place, address: str, question: Question, interrupter: Interrupter) -> Answer:
    """Ask at the address that was checked; the name serves TLS alone."""
    statement = write_statement(question.query, question.parameters, DIALECT)
    if question.is_read_only and statement.first_word not in READS:  # MariaDB drops tables in any transaction
        message = "Read only, MySQL runs SELECT, SHOW and the like. For what changes something, switch read only off."
        raise StepError(message, kind="query_failed", field="query")
    try:
        with closing(_connect(place, address, question.timeout)) as connection:
            interrupter.arm(lambda: _kill(place, address, connection.thread_id()))
            _begin(connection, question)
            answer = _run(connection, statement, question)
            connection.commit()
            return answer
    except (pymysql.Error, OSError) as error:
        raise _explain(error, place, statement) from None


def _connect(place: Place, address: str, timeout: float) -> Any:
    mode = place.options.get("ssl-mode", "PREFERRED")
    connection = pymysql.connect(
        host=place.host,
        port=place.port,
        user=place.user,
        password=place.password.encode(),
        database=place.database,
        charset="utf8mb4",
        ssl=_make_tls(mode),
        ssl_disabled=mode == "DISABLED",
        read_timeout=timeout + CONNECT_SECONDS,
        cursorclass=SSCursor,
        defer_connect=True,
    )
    connection.connect(socket.create_connection((address, place.port), CONNECT_SECONDS))
    return connection


def _make_tls(mode: str) -> ssl.SSLContext | None:
    """None leaves it to the server; a context is asked of it, and tells whether its name is checked."""
    match mode:
        case "VERIFY_IDENTITY":
            return ssl.create_default_context(cafile=certifi.where())
        case "REQUIRED":
            context = ssl.create_default_context(cafile=certifi.where())
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            return context
    return None


def _begin(connection: Any, question: Question) -> None:
    """Set limits that the server keeps itself; MariaDB counts them in seconds, MySQL in milliseconds."""
    is_mariadb = "MariaDB" in connection.get_server_info()
    name = "max_statement_time" if is_mariadb else "max_execution_time"
    limit = question.timeout if is_mariadb else max(1, round(question.timeout * 1000))
    with connection.cursor() as cursor:
        cursor.execute(f"SET SESSION {name} = %s, sql_select_limit = %s", (limit, question.max_rows + 1))
        cursor.execute(f"START TRANSACTION READ {'ONLY' if question.is_read_only else 'WRITE'}")


def _run(connection: Any, statement: Statement, question: Question) -> Answer:
    """Let the server prepare it, so that values are no part of its text and one statement is all there is."""
    with connection.cursor() as cursor:
        cursor.execute("PREPARE treadle FROM %s", (statement.text,))
        names = [f"@treadle_{place}" for place in range(len(statement.values))]
        if names:
            cursor.execute(f"SET {', '.join(f'{name} = %s' for name in names)}", statement.values)
        cursor.execute(f"EXECUTE treadle{' USING ' if names else ''}{', '.join(names)}")
        if cursor.description is None:
            return Answer(rows=[], count=cursor.rowcount)
        rows = take_rows(cursor, iter(cursor.fetchone, None), question.max_rows, is_read_only=question.is_read_only)
        return Answer(rows=rows, count=len(rows))


def _kill(place: Place, address: str, thread: int) -> None:
    with closing(_connect(place, address, 1)) as connection, connection.cursor() as cursor:
        cursor.execute("KILL QUERY %s", (thread,))


def _explain(error: Exception, place: Place, statement: Statement) -> StepError:
    code = error.args[0] if error.args and isinstance(error.args[0], int) else 0
    said = OUR_ADDRESS.sub("", str(error.args[-1] if error.args else error)).rstrip(".")
    if code in STOPPED:
        return StepError("MySQL stopped the query: it took too long.", kind="timeout", retryable=True)
    if isinstance(error, OSError) or code in UNREACHABLE:
        message = f"MySQL at {place.host}:{place.port} can't be used: {said}."
        return StepError(message, kind="connection", retryable=True)
    if code in REFUSED:
        return StepError(f"MySQL refused the connection: {said}.", kind="connection")
    if code == SYNTAX and is_several(statement, DIALECT):
        said = SEVERAL
    return StepError(f"MySQL refused the query: {said}.", kind="query_failed", field="query", retryable=code in PASSING)
