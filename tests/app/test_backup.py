"""A backup that is made while Treadle works holds one moment, and starts as a Treadle of its own."""

import asyncio
import subprocess
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app import cli
from app.backup import Backup, describe, make_backup
from app.errors import StartError
from app.migrations import migrate
from app.models import User
from app.runtime import Runtime, open_runtime
from app.services import accounts, executions, starting, workflows
from app.settings import Settings, read_settings
from tests.app.conftest import PASSWORD
from tests.app.shapes import GREETING

NOW = datetime(2026, 12, 1, 8, tzinfo=UTC)


async def make_owner(rt: Runtime) -> User:
    return await accounts.create_user(rt, email="alice@example.com", password=PASSWORD, name="Alice")


async def back_up_while_busy(settings: Settings, target: Path) -> tuple[User, str]:
    """Make a backup while executions start one after another; return whose they are and the first of them."""
    async with open_runtime(settings) as rt:
        alice = await make_owner(rt)
        workflow = await workflows.create_workflow(rt, alice, GREETING)
        first = await starting.start_execution(rt, alice, workflow.id, input={})
        await starting.wait_for(rt, alice, first.id, 20)
        backup = asyncio.create_task(asyncio.to_thread(make_backup, settings, target, now=NOW))
        while not backup.done():
            await starting.start_execution(rt, alice, workflow.id, input={})
        await backup
    return alice, first.id


async def end_all(settings: Settings, owner: User) -> dict[str, str]:
    """Start the restored Treadle and let it end what it has; return the status of each execution."""
    async with open_runtime(settings) as rt:
        found = await executions.list_executions(rt, owner, limit=200)
        ended = [await starting.wait_for(rt, owner, execution.id, 20) for execution in found.items]
    return {execution.id: execution.status for execution in ended}


def restore_dump(dump: Path, url: str) -> str:
    """Do what the backup says; return the new database's URL."""
    name = f"{url.rpartition('/')[2]}_restored"
    subprocess.run(["createdb", f"--maintenance-db={url}", name], check=True)
    subprocess.run(["pg_restore", "--no-owner", f"--dbname={url}_restored", dump], check=True)
    return f"{url}_restored"


def unpack(archive: Path, folder: Path) -> Path:
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return folder


async def test_a_backup_made_while_executions_run_starts_and_goes_on_where_it_was(
    settings: Settings, tmp_path: Path
) -> None:
    owner, first = await back_up_while_busy(settings, tmp_path / "all.tar.gz")

    data = unpack(tmp_path / "all.tar.gz", tmp_path / "new")
    statuses = await end_all(read_settings({"TREADLE_DATA": str(data)}), owner)

    assert first in statuses
    assert set(statuses.values()) == {"succeeded"}


@pytest.mark.postgresql
async def test_a_backup_of_postgresql_is_restored_into_another_database(tmp_path: Path, postgresql_url: str) -> None:
    old = read_settings({"TREADLE_DATA": str(tmp_path / "data"), "DATABASE_URL": postgresql_url})
    owner, first = await back_up_while_busy(old, tmp_path / "all.tar.gz")

    data = unpack(tmp_path / "all.tar.gz", tmp_path / "new")
    url = restore_dump(data / "treadle.dump", postgresql_url)
    statuses = await end_all(read_settings({"TREADLE_DATA": str(data), "DATABASE_URL": url}), owner)

    assert first in statuses
    assert set(statuses.values()) == {"succeeded"}


def test_large_values_are_in_it_and_half_written_ones_are_not(database: Path, tmp_path: Path) -> None:
    values = database.parent / "files" / "ex_1"
    values.mkdir(parents=True)
    (values / "abc").write_text("large")
    (values / ".draft").write_text("la")

    backup = back_up(database, tmp_path / "all.tar.gz")

    new = unpack(backup.file, tmp_path / "new")
    assert (new / "files/ex_1/abc").read_text() == "large"
    assert not (new / "files/ex_1/.draft").exists()
    assert "\n  1 large values" in describe(backup, settings_of(database))


@pytest.mark.parametrize(
    ("with_key", "words"), [(False, "Not in it is the secret key (/"), (True, "can read the cred")]
)
def test_the_secret_key_is_in_it_only_when_asked_for(
    database: Path, tmp_path: Path, with_key: bool, words: str
) -> None:
    (database.parent / "secret.key").write_text("x" * 44)
    settings = settings_of(database)

    backup = make_backup(settings, tmp_path, now=NOW, with_key=with_key)

    assert ("secret.key" in backup.names) is with_key
    assert words in describe(backup, settings)


def test_a_folder_gets_a_file_named_by_the_time_which_its_owner_alone_can_read(database: Path, tmp_path: Path) -> None:
    file = back_up(database, tmp_path).file

    assert file == tmp_path / "treadle-2026-12-01T08-00-00Z.tar.gz"
    assert file.stat().st_mode & 0o777 == 0o600
    assert {path.stat().st_mode & 0o077 for path in unpack(file, tmp_path / "new").iterdir()} == {0}


def test_a_file_that_is_there_is_never_written_over(database: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious")

    with pytest.raises(StartError, match="is there already"):
        back_up(database, tmp_path / "mine")

    assert (tmp_path / "mine").read_text() == "precious"


def test_a_damaged_database_gives_no_backup_and_leaves_nothing_behind(database: Path, tmp_path: Path) -> None:
    content = bytearray(database.read_bytes())
    content[4096:8192] = b"\x55" * 4096
    database.write_bytes(content)

    with pytest.raises(StartError, match="No backup was made"):
        back_up(database, tmp_path / "backups" / "all.tar.gz")

    assert list((tmp_path / "backups").iterdir()) == []


@pytest.mark.parametrize("target", ["nowhere/all.tar.gz", "backups"])
def test_what_is_missing_is_named(tmp_path: Path, target: str) -> None:
    (tmp_path / "backups").mkdir()
    settings = read_settings({"TREADLE_DATA": str(tmp_path / "data")})

    with pytest.raises(StartError, match=r"There is no (folder|database)"):
        make_backup(settings, tmp_path / target, now=NOW)


@pytest.mark.parametrize("url", ["postgresql://treadle:secret@127.0.0.1:1/treadle"])
def test_a_server_that_is_away_is_named_without_the_password(tmp_path: Path, url: str) -> None:
    settings = read_settings({"TREADLE_DATA": str(tmp_path), "DATABASE_URL": url})

    with pytest.raises(StartError, match=r"No backup was made: .*refused") as refused:
        make_backup(settings, tmp_path, now=NOW)

    assert "secret" not in str(refused.value)


def test_without_postgresqls_programs_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    settings = read_settings({"TREADLE_DATA": str(tmp_path), "DATABASE_URL": "postgresql://localhost/treadle"})

    with pytest.raises(StartError, match=r"pg_dump is needed .* postgresql-client"):
        make_backup(settings, tmp_path, now=NOW)


def test_the_command_says_what_it_wrote_and_how_to_restore_it(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "get_settings", lambda: settings_of(database))

    cli.run(["backup", str(tmp_path / "my backup")])

    words = capsys.readouterr().out
    assert words.startswith(f"Wrote {tmp_path}/my backup, ")
    assert f"tar -xf '{tmp_path}/my backup' -C NEW\n  TREADLE_DATA=NEW treadle\n" in words


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """SQLite's file as migrations have made it."""
    (tmp_path / "backups").mkdir()
    asyncio.run(migrate(read_settings({"TREADLE_DATA": str(tmp_path / "data")})))
    return tmp_path / "data" / "treadle.db"


def settings_of(database: Path) -> Settings:
    return read_settings({"TREADLE_DATA": str(database.parent)})


def back_up(database: Path, target: Path) -> Backup:
    return make_backup(settings_of(database), target, now=NOW)
