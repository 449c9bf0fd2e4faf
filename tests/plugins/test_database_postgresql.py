"""Database query against a real PostgreSQL."""

from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest

from engine.sandbox import Sandbox
from engine.sdk import StepError
from plugins.database import PLUGIN
from tests.plugins.databases import Desk, cancel_when

pytestmark = pytest.mark.postgresql


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    made = Sandbox()
    yield made
    await made.close()


@pytest.fixture(scope="module")
def shop(postgresql_server: str) -> str:
    """The URL of a database that these tests share."""
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        connection.execute("CREATE DATABASE shop")
    return postgresql_server.removesuffix("/postgres") + "/shop"


@pytest.fixture
def desk(sandbox: Sandbox, shop: str) -> Desk:
    with psycopg.connect(shop, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS orders")
        connection.execute("CREATE TABLE orders (id int PRIMARY KEY, name text, made date, data jsonb)")
        connection.execute(
            "INSERT INTO orders VALUES (1, 'Ada', '2026-11-01', '{\"a\": [1]}'), (2, 'O''Neil', NULL, NULL)"
        )
    return Desk(sandbox, shop)


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("SELECT id FROM orders WHERE name = {{ v }}", {"v": "Ada"}),
        ("SELECT id FROM orders WHERE made >= {{ v }}", {"v": "2026-10-31"}),
        ("SELECT id FROM orders WHERE data = {{ v }}", {"v": {"a": [1]}}),
        ("SELECT id FROM orders WHERE name = 'Ada' AND {{ v }} = '%s $1 :x'", {"v": "%s $1 :x"}),
        ("SELECT id FROM orders WHERE id IN {{ v }} AND name LIKE '%d%'", {"v": [1, 5]}),
        ("SELECT id FROM orders WHERE id = {{ v }}::int AND made < now()::date + {{ v }}::int", {"v": 1}),
        ("SELECT id FROM orders WHERE (ARRAY[1,2,3])[1:2] = ARRAY[1,2] AND id = {{ v }}", {"v": 1}),
    ],
)
async def test_values_are_bound_with_the_type_of_their_place(desk: Desk, sql: str, names: dict[str, Any]) -> None:
    assert await desk.rows(sql, names=names) == [{"id": 1}]


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("1.50::numeric", 1.5),
        ("100::numeric", 100),
        ("0.1234567890123456789::numeric", "0.1234567890123456789"),
        ("'NaN'::numeric", "NaN"),
        ("'Infinity'::float8", "inf"),
        ("2::bigint ^ 62", 2**62),
        ("timestamptz '2026-11-01 12:00+00' AT TIME ZONE 'UTC'", "2026-11-01T12:00:00"),
        ("date '2026-11-01'", "2026-11-01"),
        ("'8c0c8e5e-9b1b-4b7e-8c36-3a9a8d2d2f11'::uuid", "8c0c8e5e-9b1b-4b7e-8c36-3a9a8d2d2f11"),
        (r"'\xff'::bytea", "/w=="),
        ("ARRAY[1.5, NULL]::numeric[]", [1.5, None]),
        ('\'{"a": {"b": null}}\'::json', {"a": {"b": None}}),
        ("interval '1 day 2 seconds'", "1 day, 0:00:02"),
        ("int4range(1, 5)", "[1, 5)"),
        ("inet '10.0.0.1/8'", "10.0.0.1/8"),
        ("true", True),
    ],
)
async def test_every_type_becomes_json_without_losing_digits(desk: Desk, sql: str, value: Any) -> None:
    assert await desk.value(f"SELECT {sql} AS v") == value


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM orders",
        "WITH gone AS (DELETE FROM orders RETURNING id) SELECT * FROM gone",
        "SELECT set_config('transaction_read_only', 'off', false)",
        "SET TRANSACTION READ WRITE; DELETE FROM orders",
        "COMMIT; DELETE FROM orders",
        "SELECT 1; DELETE FROM orders",
    ],
)
async def test_read_only_is_kept_by_the_server(desk: Desk, sql: str) -> None:
    with pytest.raises(StepError, match="PostgreSQL refused the query"):
        await desk.ask(sql)

    assert await desk.value("SELECT count(*) FROM orders") == 2


async def test_of_several_statements_one_has_to_be_chosen(desk: Desk) -> None:
    with pytest.raises(StepError, match="Write one statement"):
        await desk.ask("SELECT 1; SELECT 2")


@pytest.mark.parametrize(
    ("sql", "output"),
    [
        ("UPDATE orders SET name = {{ 'x' }}", {"rows": [], "count": 2}),
        ("UPDATE orders SET name = 'x' RETURNING name", {"rows": [{"name": "x"}], "count": 1}),
        ("WITH d AS (SELECT 1) UPDATE orders SET name = 'x'", {"rows": [], "count": 2}),
        ("WITH d AS (UPDATE orders SET name = 'x' RETURNING 1) SELECT 1 AS n", {"rows": [{"n": 1}], "count": 1}),
    ],
)
async def test_a_write_is_done_whole_and_counted(desk: Desk, sql: str, output: Any) -> None:
    assert await desk.write(sql, max_rows=1) == output
    assert await desk.rows("SELECT DISTINCT name FROM orders") == [{"name": "x"}]


async def test_only_as_many_rows_are_read_as_are_taken(desk: Desk) -> None:
    output = await desk.ask("SELECT generate_series(1, 100000000000) AS i", max_rows=3)

    assert output == {"rows": [{"i": 1}, {"i": 2}, {"i": 3}], "count": 3}


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT 1,\n2 FROM nowhere", r'refused the query: relation "nowhere" does not exist \(line 2\)\.'),
        ("SELECT '%%%' AS a\nFRM orders", r"\(line 2\)"),
        ("SELECT 1 / {{ 0 }}", "division by zero"),
        ("SELEC 1", r'syntax error at or near "SELEC" \(line 1\)'),
        ("COPY orders TO STDOUT", "gives no rows"),
        ("SET work_mem = '1MB'", "gives no rows"),
        ("SELECT 'infinity'::date", "can't be read: date too large"),
        ("SELECT '{{ 1 }}'", "Remove the quotes"),
        ("SELECT repeat('x', 11000000)", "more than 10 MB"),
    ],
)
async def test_what_is_wrong_with_a_query_is_said(desk: Desk, sql: str, message: str) -> None:
    with pytest.raises(StepError, match=message):
        await desk.ask(sql)


async def test_the_server_ends_a_query_at_its_time_limit(sandbox: Sandbox, shop: str) -> None:
    with pytest.raises(StepError, match="took too long") as raised:
        await Desk(sandbox, shop, timeout=0.05).ask("SELECT pg_sleep(60)")

    assert raised.value.kind == "timeout"


async def test_a_cancelled_query_stops_at_the_server_at_once(desk: Desk) -> None:
    running = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'"

    async def is_running() -> bool:
        return bool(await desk.value(running))

    assert await cancel_when(desk.ask("SELECT pg_sleep(60)"), is_running) < 0.5
    assert not await is_running()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("/shop", "/none"), r'refused the connection: database "none" does not exist\.'),
        (("treadle@", "nobody:hunter2-secret@"), r'refused the connection: role "nobody" does not exist\.'),
        (("127.0.0.1", "127.0.0.99"), r"can't be used: Connection refused\."),
    ],
)
async def test_a_refused_connection_says_why_without_the_password(
    desk: Desk, sandbox: Sandbox, shop: str, change: tuple[str, str], message: str
) -> None:
    with pytest.raises(StepError, match=message) as raised:
        await Desk(sandbox, shop.replace(*change)).ask("SELECT 1")

    assert raised.value.kind == "connection"
    assert "hunter2" not in str(raised.value)


async def test_trying_a_connection_names_the_server(desk: Desk) -> None:
    assert PLUGIN.test is not None
    assert (await PLUGIN.test(desk.context)).startswith("PostgreSQL 1")
