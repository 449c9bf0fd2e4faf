"""Database query on SQLite, and what holds for every database: values are bound, bounds are kept, URLs are safe."""

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from engine.sandbox import Sandbox
from engine.sdk import StepError
from plugins.database import mysql
from plugins.database.place import read_place
from plugins.database.statement import is_several, write_statement
from tests.plugins.databases import Desk, cancel_when

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
SECRET = "hunter2-very-secret"


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    made = Sandbox()
    yield made
    await made.close()


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    file = tmp_path / "shop.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, name TEXT, total REAL, note BLOB)")
        connection.executemany(
            "INSERT INTO orders VALUES (?, ?, ?, ?)", [(1, "Ada", 1.5, b"\xff"), (2, "O'Neil", 2, None)]
        )
    return file


@pytest.fixture
def desk(sandbox: Sandbox, shop: Path) -> Desk:
    return Desk(sandbox, f"sqlite:///{shop}")


async def test_rows_come_as_objects_with_their_count(desk: Desk) -> None:
    output = await desk.ask("SELECT * FROM orders ORDER BY id;")

    assert output["count"] == 2
    assert output["rows"][0] == {"id": 1, "name": "Ada", "total": 1.5, "note": "/w=="}


@pytest.mark.parametrize(
    ("sql", "inputs"),
    [
        ("SELECT id FROM orders WHERE name = {{ d.name }}", {}),
        ("SELECT id FROM orders WHERE name = :name", {"parameters": {"name": "{{ d.name }}"}}),
        ("SELECT id FROM orders WHERE id = {{ d.id }} AND name=:name", {"parameters": {"name": "O'Neil"}}),
        ("SELECT id FROM orders WHERE id IN {{ [2, 7] }}", {}),
        ("SELECT id FROM orders WHERE id in ({{ [2, 7] }}) -- a ':comment'", {}),
        ("SELECT id FROM orders WHERE id > 1 AND '12:30' <> ':name' AND \"id\" > 1", {}),
    ],
)
async def test_values_are_bound(desk: Desk, sql: str, inputs: dict[str, Any]) -> None:
    assert await desk.rows(sql, names={"d": {"name": "O'Neil", "id": 2}}, **inputs) == [{"id": 2}]


@pytest.mark.parametrize("value", ["' OR 1=1 --", "'; DROP TABLE orders; --", "\\' OR 1=1 #", "%s ? :x", "\U0001f600"])
async def test_a_value_stays_a_value_whatever_it_holds(desk: Desk, value: str) -> None:
    assert await desk.rows("SELECT id FROM orders WHERE name = {{ v }}", names={"v": value}) == []
    assert await desk.value("SELECT {{ v }} AS v", names={"v": value}) == value


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT '{{ v }}'", "Remove the quotes"),
        ('SELECT "x {{ v }}"', "Remove the quotes"),
        ("SELECT $a$ {{ v }} $a$", "Remove the quotes"),
        ("SELECT 1 -- {{ v }}", "in a comment"),
        ("{{ v }}", "Write the SQL itself"),
        ("SELECT :who", "no parameter 'who'"),
        ("SELECT 1 WHERE 1 IN {{ [] }}", "The list after IN is empty"),
        ("SELECT 1; DROP TABLE orders", "Write one statement"),
        ("SELECT 1 AS a, 2 AS a", "Two columns are called a"),
        ("SELECT * FROM nowhere", "SQLite refused the query: no such table: nowhere."),
        ("SELECT {{ 2 ** 70 }}", "too large"),
        ("SELECT replace(hex(zeroblob(9000000)), '0', 'xyz')", "too big"),
    ],
)
async def test_what_is_wrong_with_a_query_is_said(desk: Desk, sql: str, message: str) -> None:
    with pytest.raises(StepError, match=message):
        await desk.rows(sql, names={"v": "x"})


@pytest.mark.parametrize(
    ("sql", "word"),
    [("-- x\n/* y */ (SELECT 1)", "select"), ("/*! DROP TABLE x */ SELECT 1", ""), ("drop table x", "drop")],
)
def test_the_first_word_tells_what_a_statement_does_and_no_comment_hides_it(sql: str, word: str) -> None:
    assert write_statement({"text": sql, "values": {}}, {}, mysql.DIALECT).first_word == word


@pytest.mark.parametrize(
    ("sql", "is_so"),
    [
        ("SELECT 1; SELECT 2", True),
        ("SELECT ';' AS `;` -- ;", False),
        ("SELECT 'it\\'s; one'", False),
        ("SELECT 1;", False),
    ],
)
def test_a_semicolon_between_statements_is_told_from_one_in_a_text(sql: str, is_so: bool) -> None:
    statement = write_statement({"text": sql, "values": {}}, {}, mysql.DIALECT)

    assert is_several(statement, mysql.DIALECT) is is_so


async def test_rows_beyond_the_limit_are_left_out(desk: Desk) -> None:
    output = await desk.ask("SELECT id FROM orders ORDER BY id", max_rows=1)

    assert output == {"rows": [{"id": 1}], "count": 1}


@pytest.mark.parametrize("sql", [None, 5, {"text": "SELECT 1"}])
async def test_sql_is_text(desk: Desk, sql: Any) -> None:
    with pytest.raises(StepError, match="SQL as text"):
        await desk.ask(sql)


@pytest.mark.parametrize("max_rows", [0, 10_001, 1.5])
async def test_the_limit_of_rows_has_a_limit(desk: Desk, max_rows: float) -> None:
    with pytest.raises(StepError, match="from 1 up to 10,000"):
        await desk.ask("SELECT 1", max_rows=max_rows)


async def test_more_than_ten_megabytes_are_refused(desk: Desk) -> None:
    many = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 12) SELECT hex(zeroblob(500000)) FROM n"
    )

    with pytest.raises(StepError, match="more than 10 MB"):
        await desk.ask(many)


async def test_a_query_writes_only_when_read_only_is_off(desk: Desk) -> None:
    with pytest.raises(StepError, match="readonly"):
        await desk.ask("DELETE FROM orders")
    written = await desk.write("UPDATE orders SET total = {{ 3 }}")

    assert written == {"rows": [], "count": 2}
    assert await desk.rows("SELECT DISTINCT total FROM orders") == [{"total": 3}]


async def test_a_write_that_gives_rows_is_done_whole_however_few_are_taken(desk: Desk) -> None:
    output = await desk.write("UPDATE orders SET total = 9 RETURNING id", max_rows=1)

    assert output["count"] == 1
    assert await desk.value("SELECT sum(total) FROM orders") == 18


@pytest.mark.parametrize(
    "sql",
    [
        "ATTACH DATABASE {{ other }} AS other",
        "VACUUM INTO {{ other }}",
        "SELECT load_extension({{ other }})",
        "PRAGMA journal_mode = DELETE",
        "PRAGMA query_only = OFF",
        "CREATE VIRTUAL TABLE t USING fts5(x)",
    ],
)
async def test_no_other_file_can_be_reached_from_a_sqlite_file(desk: Desk, tmp_path: Path, sql: str) -> None:
    other = tmp_path / "other.db"

    with pytest.raises(StepError, match="SQLite"):
        await desk.write(sql, names={"other": str(other)})
    assert not other.exists()


async def test_a_missing_sqlite_file_is_not_made(sandbox: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(StepError, match="unable to open"):
        await Desk(sandbox, f"sqlite:///{tmp_path}/none.db").write("CREATE TABLE t (x)")

    assert not (tmp_path / "none.db").exists()


async def test_a_query_ends_at_its_time_limit(sandbox: Sandbox, shop: Path) -> None:
    with pytest.raises(StepError, match="took too long") as raised:
        await Desk(sandbox, f"sqlite:///{shop}", timeout=0.05).ask(ENDLESS)

    assert raised.value.kind == "timeout"


async def test_a_cancelled_query_stops_at_once(desk: Desk, sandbox: Sandbox) -> None:
    async def is_running() -> bool:
        return await desk.value("SELECT 1") == 1

    assert await cancel_when(desk.ask(ENDLESS), is_running) < 0.5


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", "not the URL of a database"),
        ("no url", "not the URL of a database"),
        ("postgresql://u@h:port/d", "not the URL of a database"),
        ("oracle://u@h/d", "oracle is no database that Treadle knows"),
        ("postgresql://u@h", "names no database"),
        ("postgresql:///d", "needs one host"),
        ("postgresql://u@%2Ftmp/d", "needs one host"),
        ("postgresql://u@a,b/d", "needs one host"),
        ("postgresql://h/d", "names no user"),
        ("postgresql://u@h/d?host=/tmp", "option host"),
        ("postgresql://u@h/d?hostaddr=127.0.0.1", "option hostaddr"),
        ("postgresql://u@h/d?service=x", "option service"),
        ("postgresql://u@h/d?sslkey=/etc/passwd", "option sslkey"),
        ("postgresql://u@h/d?passfile=/etc/passwd", "option passfile"),
        ("postgresql://u@h/d?options=-c%20x", "option options"),
        ("postgresql://u@h/d?sslmode=maybe", "sslmode is one of"),
        ("postgresql://u@h/d?sslmode=require&sslmode=disable", "sslmode is one of"),
        ("mysql://u@h/d?unix_socket=/tmp/s", "option unix_socket"),
        ("mysql://u@h/d?read_default_file=/etc/my.cnf", "option read_default_file"),
        ("mysql://u@h/d?local_infile=1", "option local_infile"),
        ("mysql://u@h/d?ssl_ca=/etc/passwd", "option ssl_ca"),
        ("sqlite://", "names no database"),
        ("sqlite:///:memory:", "opens a file"),
        ("sqlite:///file:x.db?uri=true", "option uri"),
        ("sqlite:///file:x.db", "opens a file"),
        ("sqlite://h/x.db", "opens a file"),
    ],
)
def test_a_url_that_leads_elsewhere_is_refused(url: str, message: str) -> None:
    with pytest.raises(StepError, match=message):
        read_place(url)


def test_a_url_is_read_and_its_password_never_shown() -> None:
    place = read_place(f"mariadb+pymysql://ada:{SECRET}%40@db.example.com/shop?ssl-mode=REQUIRED")

    assert (place.kind, place.host, place.port, place.database) == ("mysql", "db.example.com", 3306, "shop")
    assert place.password == f"{SECRET}@"
    assert SECRET not in repr(place)


async def test_a_step_without_a_connection_says_what_to_do(sandbox: Sandbox) -> None:
    with pytest.raises(StepError, match="Choose a connection"):
        await Desk(sandbox, "").ask("SELECT 1")
