"""The tables that the migrations make are those of the models, on both databases."""

import asyncio
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, create_engine, text
from sqlmodel import SQLModel

import app.models
import engine.models
from app.db import read_url
from app.errors import StartError
from app.migrations import HEAD, migrate, upgrade
from app.settings import Settings, read_settings

MODELS = (app.models, engine.models)  # imported, they have filled SQLModel's metadata


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """A database without tables."""
    environment = {"TREADLE_DATA": str(tmp_path / "new" / "data")}
    if request.param == "postgresql":
        environment["DATABASE_URL"] = request.getfixturevalue("postgresql_url")
    return read_settings(environment)


def sync_url(settings: Settings) -> URL:
    url = read_url(settings.database_url)
    return url.set(drivername="sqlite") if url.get_backend_name() == "sqlite" else url


@pytest.mark.filterwarnings("ignore:.*expression-based index")
async def test_the_migrations_make_the_tables_of_the_models(settings: Settings) -> None:
    await migrate(settings)
    with create_engine(sync_url(settings)).connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, SQLModel.metadata)

    assert differences == []


async def test_several_processes_may_migrate_at_once_and_again(settings: Settings) -> None:
    await asyncio.gather(*(migrate(settings) for _ in range(4)))
    await migrate(settings)
    with create_engine(sync_url(settings)).connect() as connection:
        revisions = connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()

    assert revisions == [HEAD]


async def test_a_database_of_a_newer_version_is_left_alone(settings: Settings) -> None:
    await migrate(settings)
    with create_engine(sync_url(settings)).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(StartError, match="newer version"):
        upgrade(read_url(settings.database_url))


def test_the_newest_migration_is_the_one_that_a_start_expects() -> None:
    folder = Path(app.models.__file__).parent / "migrations"

    assert ScriptDirectory(str(folder)).get_heads() == [HEAD]
