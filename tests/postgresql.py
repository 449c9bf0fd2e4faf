"""A throw-away PostgreSQL server for the tests that need one."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.ports import find_free_port

OPTIONS = "-c listen_addresses=127.0.0.1 -c max_connections=40"
CARELESS = "-c fsync=off -c full_page_writes=off"
HINT = "PostgreSQL is not installed. Debian has it: apt-get install postgresql (scripts/test does that)."


@contextmanager
def start_postgresql(folder: Path, *, care: str = CARELESS) -> Iterator[str]:
    """Run a server that keeps its data in `folder`, on a free port of this machine; give its URL."""
    programs, port = find_programs(), find_free_port()
    data = folder / "data"
    folder.chmod(0o755)
    data.mkdir()
    if os.geteuid() == 0:  # the server refuses to run as root
        shutil.chown(data, "postgres")
    _run(programs / "initdb", "--pgdata", data, "--username=treadle", "--auth=trust", "--no-sync")
    options = f"{OPTIONS} {care} -p {port} -k {data}"
    _run(programs / "pg_ctl", "start", "--pgdata", data, "--wait", "-o", options, "--log", data / "log")
    try:
        yield f"postgresql://treadle@127.0.0.1:{port}/postgres"
    finally:
        _run(programs / "pg_ctl", "stop", "--pgdata", data, "--mode=immediate")


def find_programs() -> Path:
    """Where initdb and pg_ctl are; raise FileNotFoundError that says what to install."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda path: int(path.parts[-3]))
    if on_path := shutil.which("pg_ctl"):
        found.append(Path(on_path))
    if not found:
        raise FileNotFoundError(HINT)
    return found[-1].parent


def _run(*command: object) -> None:
    words = [str(word) for word in command]
    if os.geteuid() == 0:
        words = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", *words]
    done = subprocess.run(
        words, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd="/"
    )
    if done.returncode:
        raise RuntimeError(done.stdout.decode())
