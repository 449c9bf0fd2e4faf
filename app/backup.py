"""One archive of all that Treadle keeps, made while it runs: whole, or not there at all."""

import os
import shlex
import shutil
import sqlite3
import subprocess
import tarfile
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy.engine import URL

from app.db import read_url
from app.errors import StartError
from app.settings import Settings

DATABASE, DUMP = "treadle.db", "treadle.dump"  # in the archive: SQLite's own file, or what pg_dump makes
KEY = "secret.key"
WITH_KEY = """  the secret key: whoever gets hold of this file can read the credentials of all connections"""
WITHOUT_KEY = """Not in it is the secret key ({key}). Keep a copy of that elsewhere, and bring it back, too:
without it nobody can read the credentials of connections. --with-key puts a key of the data folder in."""
START = """  TREADLE_DATA=NEW treadle"""
START_FROM_DUMP = f"""  createdb NAME && pg_restore --no-owner --dbname=NAME NEW/{DUMP}
  TREADLE_DATA=NEW DATABASE_URL=postgresql://…/NAME treadle"""


@dataclass(frozen=True, kw_only=True)
class Backup:
    """An archive: its size in bytes, and the names that are in it."""

    file: Path
    size: int
    names: tuple[str, ...]


def make_backup(settings: Settings, target: Path, *, now: datetime, with_key: bool = False) -> Backup:
    """Write an archive to a file, or into a folder, that only this user can read; raise StartError.

    The copy of the database shows one moment and has been checked. The large values come after it, since they are
    there before the database speaks of them.
    """
    file = _choose_file(target, now)
    try:
        with TemporaryDirectory(prefix=".treadle-backup-", dir=file.parent) as folder:
            database = _copy_database(read_url(settings.database_url), Path(folder))
            values = sorted((settings.data / "files").glob("*/[!.]*"))  # without what is only half written
            key = [settings.data / KEY] if with_key else []
            archive = Path(folder, "archive")
            names = _write_archive(archive, {database: database.parent} | dict.fromkeys(key + values, settings.data))
            _publish(archive, file)
    except (OSError, sqlite3.Error) as error:
        raise StartError(f"No backup was made: {error}. {file.parent} needs room for the data twice.") from error
    return Backup(file=file, size=file.stat().st_size, names=names)


def describe(backup: Backup, settings: Settings) -> str:
    """What is in it, what isn't, and how to restore it."""
    values = sum(name.startswith("files/") for name in backup.names)
    key = "in TREADLE_SECRET_KEY" if settings.secret_keys else settings.data / KEY
    return f"""Wrote {backup.file}, {backup.size / 1e6:,.1f} MB, for you alone to read. In it are
  the database, its copy checked: accounts, workflows, executions, connections
  {values:,} large values of executions
{WITH_KEY if KEY in backup.names else WITHOUT_KEY.format(key=key)}

To restore it into a new folder NEW, where what was running goes on:
  mkdir -m 700 NEW && tar -xf {shlex.quote(str(backup.file))} -C NEW
{START_FROM_DUMP if DUMP in backup.names else START}"""


def _choose_file(target: Path, now: datetime) -> Path:
    file = target.absolute()
    if file.is_dir():
        file /= f"treadle-{now:%Y-%m-%dT%H-%M-%SZ}.tar.gz"
    if file.exists():
        raise _is_taken(file)
    if not file.parent.is_dir():
        raise StartError(f"There is no folder {file.parent}. Make it, or name another one.")
    return file


def _copy_database(url: URL, folder: Path) -> Path:
    if url.get_backend_name() == "postgresql":
        return _dump_postgresql(url, folder / DUMP)
    return _copy_sqlite(Path(url.database or ""), folder / DATABASE)


def _copy_sqlite(database: Path, copy: Path) -> Path:
    """Read all in one go, which sees one state of the database and keeps no writer waiting."""
    if not database.is_file():
        raise StartError(f"There is no database at {database} yet. Check TREADLE_DATA and DATABASE_URL.")
    source = sqlite3.connect(f"{database.as_uri()}?mode=rw", uri=True)
    with closing(source), closing(sqlite3.connect(copy)) as made:
        source.backup(made)
        (finding,) = made.execute("PRAGMA integrity_check(1)").fetchone()
    if finding != "ok":
        raise StartError(f"No backup was made: the database's copy is damaged, and so may the database be ({finding}).")
    return copy


def _dump_postgresql(url: URL, dump: Path) -> Path:
    server = url.set(drivername="postgresql", password=None).render_as_string()
    options = ("--format=custom", "--no-owner", "--no-privileges", "--no-password")
    _run("pg_dump", *options, f"--file={dump}", f"--dbname={server}", password=url.password or "")
    _run("pg_restore", "--list", str(dump))  # it can be read
    return dump


def _run(program: str, *words: str, password: str = "") -> None:
    """Run one of PostgreSQL's programs; the machine's other users can see its words, but not its environment."""
    if (path := shutil.which(program)) is None:
        raise StartError(
            f"{program} is needed to copy PostgreSQL, and is not installed here. Install PostgreSQL's client programs, "
            "no older than the server (on Debian: postgresql-client), or run pg_dump where they are."
        )
    env = os.environ | ({"PGPASSWORD": password} if password else {})
    done = subprocess.run([path, *words], env=env, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise StartError(f"No backup was made: {done.stderr.strip()}")


def _write_archive(archive: Path, files: Mapping[Path, Path]) -> tuple[str, ...]:
    """Write files, named as they are seen from a folder each; skip what is deleted meanwhile. Return the names."""
    with archive.open("xb") as raw:
        with tarfile.open(fileobj=raw, mode="w:gz", compresslevel=1) as tar:
            for file, folder in files.items():
                with suppress(FileNotFoundError):
                    tar.add(file, str(file.relative_to(folder)), filter=_for_owner_only)
            names = tuple(tar.getnames())
        raw.flush()
        os.fsync(raw.fileno())
    archive.chmod(0o600)
    return names


def _for_owner_only(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.mode = 0o600
    return member


def _publish(archive: Path, file: Path) -> None:
    """Give the archive its name, without taking it from another file as a rename would."""
    try:
        os.link(archive, file)
    except FileExistsError:
        raise _is_taken(file) from None
    except OSError:  # a file system without links
        if file.exists():
            raise _is_taken(file) from None
        archive.rename(file)


def _is_taken(file: Path) -> StartError:
    return StartError(f"{file} is there already and was left as it is. Name another file, or a folder.")
