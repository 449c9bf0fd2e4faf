"""What all tests share: a PostgreSQL of their own."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import psycopg
import pytest

from tests.postgresql import start_postgresql


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The URL of a server that lives as long as the tests."""
    # Not pytest's own folder, which is closed to the other user that the server may run as.
    with TemporaryDirectory(prefix="treadle-postgresql-") as folder, start_postgresql(Path(folder)) as url:
        yield url


@pytest.fixture
def postgresql_url(postgresql_server: str) -> str:
    """The URL of an empty database."""
    name = f"test_{uuid4().hex}"
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return postgresql_server.removesuffix("/postgres") + f"/{name}"
