"""Builds the pages, and knows whether they are still what the sources say."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

from app.errors import StartError

ROOT = Path(__file__).parents[1]
WEB = ROOT / ".web"
CLIENT = WEB / "build" / "client"
STAMP = WEB / "build" / "fingerprint"  # a build begins by removing its folder, so an interrupted one leaves no stamp

SOURCES = (
    "app/*.py",
    "app/pages/**/*",
    "app/ui/**/*",
    "components/**/*",
    "plugins/**/*",
    "assets/**/*",
    "rxconfig.py",
    "reflex.lock/*",
    "requirements.lock",
)
NOT_SOURCES = {"__pycache__", "external"}  # external: links that Reflex makes itself

NO_REGISTRY = (" downloading package manifest ", " downloading tarball ")  # after the name of a network error


def is_built() -> bool:
    """Whether the pages exist and come from the sources as they are now."""
    return STAMP.is_file() and STAMP.read_text() == fingerprint()


def build() -> None:
    """Build the pages; raise StartError with the end of the builder's words when it fails."""
    before = fingerprint()
    done = subprocess.run(
        [sys.executable, "-m", "reflex", "export", "--frontend-only", "--no-zip"],
        cwd=ROOT,
        env=_build_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise StartError(_explain(done.stdout))
    _tidy_lock()
    STAMP.write_text(before)


def fingerprint() -> str:
    """A hash over names and contents of everything that goes into the pages."""
    hashed = hashlib.sha256()
    for path in sorted({path for pattern in SOURCES for path in ROOT.glob(pattern)}):
        name = path.relative_to(ROOT)
        if path.is_file() and not NOT_SOURCES & set(name.parts):
            hashed.update(f"{name}\0{path.stat().st_size}\0".encode())
            hashed.update(path.read_bytes())
    return hashed.hexdigest()


def _build_environment() -> dict[str, str]:
    tools = Path(sys.executable).parent  # bun is installed beside python
    return os.environ | {
        "PATH": f"{tools}{os.pathsep}{os.environ.get('PATH', '')}",
        "REFLEX_TELEMETRY_ENABLED": "false",
        "REFLEX_CHECK_LATEST_VERSION": "false",
    }


def _tidy_lock() -> None:
    """Keep one form of a file that is in git; the builder writes it on one line or on many, as it comes."""
    path = ROOT / "reflex.lock" / "package.json"
    path.write_text(json.dumps(json.loads(path.read_text()), indent=2) + "\n")


def _explain(output: str) -> str:
    tail = "\n".join(output.splitlines()[-30:])
    hint = "Mend what it names and run `treadle build`."
    if any(word in output for word in NO_REGISTRY):
        hint = "The npm registry could not be reached: check the network, or name a mirror in NPM_CONFIG_REGISTRY."
    return f"{tail}\n\nThe pages could not be built. {hint}"
