"""One SQL query: against the database that the connection's URL names, at an address that may be reached."""

from collections.abc import Callable
from functools import partial
from typing import Any

from engine.sdk import Query, StepContext, StepError
from plugins.database import mysql, postgresql, sqlite
from plugins.database.place import Place, read_place
from plugins.database.question import Answer, Question
from plugins.database.running import Interrupter, run_in_thread

MAX_ROWS = 10_000
TITLES = {"postgresql": "PostgreSQL", "mysql": "MySQL", "sqlite": "SQLite"}
Ask = Callable[[Question, Interrupter], Answer]


async def query(
    context: StepContext, *, query: Query, parameters: dict[str, Any] | None, read_only: bool, max_rows: int
) -> dict[str, Any]:
    """Run the query in a transaction of its own and give its first rows."""
    question = Question(
        query=_read_query(query),
        parameters=_read_parameters(parameters),
        is_read_only=read_only,
        max_rows=max_rows,
        timeout=context.timeout,
    )
    ask = await _find(context, _read_place(context))
    answer = await run_in_thread(partial(ask, question))
    return {"rows": answer.rows, "count": answer.count}


async def test(context: StepContext) -> str:
    """Ask the database for its version."""
    place = _read_place(context)
    version = {"postgresql": postgresql.VERSION, "mysql": mysql.VERSION, "sqlite": sqlite.VERSION}[place.kind]
    question = Question(
        query={"text": version, "values": {}}, parameters={}, is_read_only=True, max_rows=1, timeout=context.timeout
    )
    answer = await run_in_thread(partial(await _find(context, place), question))
    return f"{TITLES[place.kind]} {next(iter(answer.rows[0].values()))} answered."


def _read_place(context: StepContext) -> Place:
    url = (context.credentials or {}).get("url")
    if not url:
        raise StepError("Choose a connection to a database for this step.", kind="no_connection")
    return read_place(url)


def _read_query(query: Any) -> Query:
    match query:
        case {"text": str(text), "values": dict(values)}:
            return {"text": text, "values": values}
    raise StepError("Write the SQL as text.", kind="bad_query", field="query")


def _read_parameters(parameters: Any) -> dict[str, Any]:
    if parameters is not None and not isinstance(parameters, dict):
        raise StepError("Parameters are an object of names and values.", field="parameters")
    return parameters or {}


async def _find(context: StepContext, place: Place) -> Ask:
    """Ask first whether a workflow may go there."""
    if place.kind == "sqlite":
        return partial(sqlite.ask, context.find_file(place.database))
    address = await context.find_address(place.host, place.port, place.database)
    return partial(postgresql.ask if place.kind == "postgresql" else mysql.ask, place, address)
