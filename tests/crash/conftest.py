"""Databases that are ready for the product, made quickly: copies of one that was migrated once."""

import asyncio
import shutil
from collections.abc import Callable
from itertools import count
from pathlib import Path

import psycopg
import pytest

from app.migrations import migrate
from tests.crash.life import Place

Settle = Callable[[], Place]  # a new place each time


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def settle(request: pytest.FixtureRequest, tmp_path: Path) -> Settle:
    """Gives places to live in, one after another."""
    if request.param == "sqlite":
        return settle_on_sqlite(tmp_path)
    return settle_on_postgresql(request.getfixturevalue("postgresql_url"), tmp_path)


def settle_on_sqlite(folder: Path) -> Settle:
    model = Place(f"sqlite:///{folder / 'model.db'}", folder)
    asyncio.run(migrate(model.settings))
    places = count()

    def settle() -> Place:
        own = folder / str(next(places))
        own.mkdir()
        shutil.copy(folder / "model.db", own / "treadle.db")
        return Place(f"sqlite:///{own / 'treadle.db'}", own)

    return settle


def settle_on_postgresql(url: str, folder: Path) -> Settle:
    asyncio.run(migrate(Place(url, folder).settings))
    server, _, model = url.rpartition("/")
    places = count()

    def settle() -> Place:
        own = folder / str(number := next(places))
        own.mkdir()
        with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {model}_{number} TEMPLATE {model}")
        return Place(f"{server}/{model}_{number}", own)

    return settle
