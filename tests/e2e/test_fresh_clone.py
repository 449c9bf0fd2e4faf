"""The README's first promise: on a machine with Python alone, one command sets up, builds and starts."""

import asyncio
import os
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.ports import find_free_port

ROOT = Path(__file__).parents[2]
PATIENCE = 300.0  # seconds; packages come over the network


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Our files as a new user gets them, in a folder with a space in its name."""
    folder = tmp_path / "tread le"
    words = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(words, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    for name in listed:
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def without_node(tmp_path: Path) -> str:
    """A PATH with all that the system has but Node and its kind."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for folder in ("/bin", "/usr/bin"):
        for program in Path(folder).iterdir():
            if program.name not in {"node", "nodejs", "npm", "npx", "bun"} and not (programs / program.name).exists():
                (programs / program.name).symlink_to(program)
    (programs / "python3").unlink(missing_ok=True)
    (programs / "python3").symlink_to(Path(sys.base_prefix, "bin", "python3"))
    return str(programs)


async def test_one_command_sets_up_builds_and_starts_without_node(clone: Path, tmp_path: Path) -> None:
    port = find_free_port()
    env = os.environ | {
        "PATH": without_node(tmp_path),
        "TREADLE_PORT": str(port),
        "TREADLE_DATA": str(tmp_path / "data"),
    }
    env.pop("PYTHONPATH", None)
    process = await asyncio.create_subprocess_exec(
        clone / "scripts" / "start",
        env=env,
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said = []
    try:
        assert process.stdout
        async with asyncio.timeout(PATIENCE):
            async for line in process.stdout:
                said.append(line.decode())
                if "Treadle is running" in said[-1]:
                    break
        assert "Treadle is running" in said[-1], "".join(said)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            assert (await client.get("/login")).status_code == 200, "".join(said)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
