"""Whether the pages are built, and what is said when they can't be."""

import subprocess
import sys
from pathlib import Path

import pytest

from app import frontend
from app.errors import StartError


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small project with pages that were built."""
    monkeypatch.setattr(frontend, "ROOT", tmp_path)
    monkeypatch.setattr(frontend, "STAMP", tmp_path / ".web" / "build" / "fingerprint")
    for name in (
        "app/pages/home.py",
        "app/services/mail.py",
        "components/canvas/canvas.jsx",
        "assets/external/x.js",
        "reflex.lock/package.json",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1\n")
    frontend.STAMP.parent.mkdir(parents=True)
    frontend.STAMP.write_text(frontend.fingerprint())
    return tmp_path


def builder(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """Let a small program stand in for Reflex."""
    run = subprocess.run
    monkeypatch.setattr(subprocess, "run", lambda _, **rest: run([sys.executable, "-c", program], **rest))


@pytest.mark.parametrize("name", ["app/pages/home.py", "components/canvas/canvas.jsx"])
def test_a_changed_source_makes_the_pages_out_of_date(root: Path, name: str) -> None:
    assert frontend.is_built()

    (root / name).write_text("2")

    assert not frontend.is_built()


@pytest.mark.parametrize("name", ["app/services/mail.py", "assets/external/x.js"])
def test_what_no_page_shows_leaves_them_as_they_are(root: Path, name: str) -> None:
    (root / name).write_text("2")

    assert frontend.is_built()


def test_a_moved_file_makes_the_pages_out_of_date(root: Path) -> None:
    (root / "app/pages/home.py").rename(root / "app/pages/start.py")

    assert not frontend.is_built()


def test_pages_are_built_once_a_build_has_ended(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "app/pages/home.py").write_text("2")
    builder(monkeypatch, "print('fine')")

    frontend.build()

    assert frontend.is_built()


def test_a_build_leaves_the_lock_in_one_form(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    builder(monkeypatch, """open("reflex.lock/package.json", "w").write('{"name": "reflex", "overrides": {}}')""")

    frontend.build()

    assert (root / "reflex.lock/package.json").read_text() == '{\n  "name": "reflex",\n  "overrides": {}\n}\n'


def test_a_failed_build_says_why_and_leaves_nothing_that_looks_built(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "app/pages/home.py").write_text("2")
    builder(monkeypatch, "raise SystemExit('SyntaxError in home.py')")

    with pytest.raises(StartError, match=r"(?s)SyntaxError in home\.py.*run `treadle build`"):
        frontend.build()
    assert not frontend.is_built()


def test_without_a_network_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    builder(monkeypatch, "raise SystemExit('error: ConnectionRefused downloading package manifest react')")

    with pytest.raises(StartError, match="NPM_CONFIG_REGISTRY"):
        frontend.build()
