"""The tables that the migrations make are those of the models, on both databases."""

import asyncio
import json
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, create_engine, select, text
from sqlmodel import SQLModel, col

import app.models
import engine.models
from app.db import read_url
from app.errors import StartError
from app.migrations import HEAD, migrate, upgrade
from app.settings import Settings, read_settings
from engine.models import Execution, ExecutionLog

MODELS = (app.models, engine.models)  # imported, they have filled SQLModel's metadata

OLD_EXECUTION = (
    "INSERT INTO workflow_executions (id, workflow_id, workflow_name, definition, trigger, status, result, "
    "created_at, updated_at) VALUES (:id, 'wf_1', '', '{}', 'manual', 'succeeded', :value, '2026-11-01', '2026-11-01')"
)
OLD_ROW = (
    "INSERT INTO workflow_execution_logs (execution_id, seq, iteration, attempt, status, output, timestamp) "
    "VALUES (:id, 1, '[]', 1, 'succeeded', :value, '2026-11-01')"
)


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


async def test_an_upgrade_keeps_executions_and_their_logs(settings: Settings) -> None:
    values = ['{"a": [1.0]}', '"007"', "12", repr(0.1 + 0.2), "1.7976931348623157e308", "null"]
    upgrade(read_url(settings.database_url), to="0001")
    with create_engine(sync_url(settings)).begin() as connection:
        for id_, value in enumerate(values):
            connection.execute(text(OLD_EXECUTION), {"id": str(id_), "value": value})
            connection.execute(text(OLD_ROW), {"id": str(id_), "value": value})

    await migrate(settings)

    with create_engine(sync_url(settings)).connect() as connection:
        results = connection.execute(select(col(Execution.result)).order_by(col(Execution.id)))
        outputs = connection.execute(select(col(ExecutionLog.output)).order_by(col(ExecutionLog.execution_id)))
        read = [list(map(json.dumps, found.scalars())) for found in (results, outputs)]
    assert read == [[json.dumps(json.loads(value)) for value in values]] * 2


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
