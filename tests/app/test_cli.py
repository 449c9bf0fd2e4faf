"""The `treadle` command as its words are typed."""

import asyncio
import io
import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from app import cli
from app.errors import Conflict, Invalid, NotFound, StartError
from app.runtime import open_runtime
from app.services import accounts, executions, owners, starting, workflows
from app.settings import get_settings


def sum_workflow(code: str) -> dict[str, Any]:
    at = {"x": 0, "y": 0}
    return {
        "name": "Sum",
        "nodes": [
            {"id": "start", "type": "trigger", "position": at, "data": {"label": "Start", "action": "trigger/manual"}},
            {
                "id": "sum",
                "type": "action",
                "position": at,
                "data": {"label": "Sum", "action": "code/python", "inputs": {"code": code}},
            },
        ],
        "edges": [{"id": "e1", "source": "start", "target": "sum"}],
    }


async def add_workflow(definition: dict[str, Any]) -> str:
    async with open_runtime(get_settings(), drives="nothing") as rt:
        alice = await accounts.create_user(rt, email="alice@example.com", password="correct horse", name="Alice")
        return (await workflows.create_workflow(rt, alice, definition)).id


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of its own, and nothing else in the environment."""
    for name in ("TREADLE_PORT", "TREADLE_HOST", "TREADLE_PUBLIC_URL", "DATABASE_URL", "TREADLE_SIGN_UP"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TREADLE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("TREADLE_PORT", "8150")
    get_settings.cache_clear()
    return tmp_path / "data"


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Gives a line on standard input."""
    return lambda line: monkeypatch.setattr(sys, "stdin", io.StringIO(f"{line}\n"))


@pytest.mark.parametrize(
    "words", [[], ["user"], ["user", "create"], ["workflow", "run"], ["doctor"], ["execution", "retry"]]
)
def test_every_command_has_help(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        cli.run([*words, "--help"])

    assert end.value.code == 0
    assert f"usage: treadle{''.join(f' {word}' for word in words)} " in capsys.readouterr().out


def test_the_first_user_is_the_administrator(say: Any, capsys: pytest.CaptureFixture[str]) -> None:
    say("correct horse")

    cli.run(["user", "create", "alice@example.com", "--name", "Alice"])

    assert capsys.readouterr().out == "alice@example.com can sign in and is the administrator.\n"


def test_a_taken_email_and_a_short_password_are_refused(say: Any) -> None:
    say("correct horse")
    cli.run(["user", "create", "alice@example.com", "--name", "Alice"])

    say("correct horse")
    with pytest.raises(Conflict):
        cli.run(["user", "create", "ALICE@example.com", "--name", "Alice"])
    say("short")
    with pytest.raises(Invalid):
        cli.run(["user", "reset-password", "alice@example.com"])


def test_nobody_can_be_given_a_new_password(say: Any) -> None:
    say("correct horse")

    with pytest.raises(NotFound):
        cli.run(["user", "reset-password", "charlie@example.com"])


def test_an_unknown_workflow_is_said_to_be_unknown() -> None:
    with pytest.raises(NotFound):
        cli.run(["workflow", "run", "wf_unknown"])


def test_a_workflow_runs_from_a_file_and_prints_its_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    workflow_id = asyncio.run(add_workflow(sum_workflow("start.a + start.b")))
    (tmp_path / "input.json").write_text('{"a": 40, "b": 2}')

    cli.run(["workflow", "run", workflow_id, "--input", str(tmp_path / "input.json")])

    assert json.loads(capsys.readouterr().out) == 42


def test_a_run_leaves_the_executions_of_others_to_the_server() -> None:
    async def begin() -> str:
        async with open_runtime(get_settings(), drives="nothing") as rt:
            owner = await owners.find_owner(rt, workflow_id)
            return (await starting.start_execution(rt, owner, workflow_id, input={})).id

    async def read_status() -> str:
        async with open_runtime(get_settings(), drives="nothing") as rt:
            return (await executions.get_execution(rt, await owners.find_owner(rt, workflow_id), execution_id)).status

    workflow_id = asyncio.run(add_workflow(sum_workflow("1 + 2")))
    execution_id = asyncio.run(begin())
    cli.run(["workflow", "run", workflow_id])

    assert asyncio.run(read_status()) == "pending"


def test_a_failed_run_says_why_and_exits_with_an_error() -> None:
    workflow_id = asyncio.run(add_workflow(sum_workflow("1 / 0")))

    with pytest.raises(SystemExit, match=r"failed: .*zero"):
        cli.run(["workflow", "run", workflow_id])


@pytest.mark.parametrize("content", ["{", "[" * 100_000, "\ud800"])
def test_an_input_that_is_no_json_is_named(tmp_path: Path, content: str) -> None:
    file = tmp_path / "input.json"
    file.write_text(content, errors="surrogatepass")

    with pytest.raises(StartError, match=r"input\.json is not a readable JSON file"):
        cli.run(["workflow", "run", "wf_1", "--input", str(file)])


def test_a_setting_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TREADLE_PORT", "http")

    with pytest.raises(StartError, match="TREADLE_PORT must be a whole number"):
        cli.run(["doctor"])


def test_the_doctor_tells_the_origin_of_a_setting_and_finds_a_new_start_well(
    capsys: pytest.CaptureFixture[str], data: Path
) -> None:
    with pytest.raises(SystemExit) as end:
        cli.run(["doctor"])

    words = capsys.readouterr().out
    assert end.value.code == 0
    assert f"{data}  (environment)" in words
    assert "127.0.0.1  (default)" in words


def test_the_doctor_hides_a_password_and_finds_an_absent_database(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://treadle:secr:et@127.0.0.1:1/treadle")

    with pytest.raises(SystemExit) as end:
        cli.run(["doctor"])

    words = capsys.readouterr().out
    assert end.value.code == 1
    assert "secr" not in words
    assert "Check DATABASE_URL" in words


def test_a_workflow_is_exported_and_imported_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    workflow_id = asyncio.run(add_workflow(sum_workflow("1 + 2")))
    cli.run(["workflow", "export", workflow_id])
    exported = capsys.readouterr().out
    (tmp_path / "sum.json").write_text(exported)
    cli.run(["workflow", "import", str(tmp_path / "sum.json"), "--owner", "Alice@Example.com"])
    imported = capsys.readouterr().out.strip()
    cli.run(["workflow", "run", imported])

    assert imported != workflow_id
    assert json.loads(exported)["name"] == "Sum"
    assert json.loads(capsys.readouterr().out) == 3


def test_a_workflow_is_imported_for_somebody_who_is_there(tmp_path: Path) -> None:
    (tmp_path / "sum.json").write_text(json.dumps(sum_workflow("1")))

    with pytest.raises(NotFound, match=r"There is no user bob@example\.com"):
        cli.run(["workflow", "import", str(tmp_path / "sum.json"), "--owner", "bob@example.com"])


def run_and_list(code: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Run a workflow and return the id of its execution as the list shows it."""
    workflow_id = asyncio.run(add_workflow(sum_workflow(code)))
    with suppress(SystemExit):
        cli.run(["workflow", "run", workflow_id])
    capsys.readouterr()
    cli.run(["execution", "list", "--workflow", workflow_id, "--limit", "1"])
    return capsys.readouterr().out.split()[0]


def test_executions_are_listed_and_shown(capsys: pytest.CaptureFixture[str]) -> None:
    execution_id = run_and_list("1 / 0", capsys)
    cli.run(["execution", "show", execution_id])
    shown = capsys.readouterr().out
    cli.run(["execution", "show", execution_id, "--json"])
    whole = json.loads(capsys.readouterr().out)
    cli.run(["execution", "list", "--status", "succeeded"])

    assert shown.startswith(f"{execution_id}\nworkflow     Sum (")
    assert "failed       sum" in shown
    assert (whole["status"], whole["completed_at"][-1]) == ("failed", "Z")
    assert capsys.readouterr().out == ""


def test_an_execution_is_retried_and_cancelled(capsys: pytest.CaptureFixture[str]) -> None:
    old = run_and_list("1 / 0", capsys)
    cli.run(["execution", "retry", old, "--from", "sum"])
    new = capsys.readouterr().out.strip()
    cli.run(["execution", "cancel", old])
    cli.run(["execution", "cancel", new])

    assert new != old
    assert capsys.readouterr().out == "failed\npending: it ends as soon as Treadle runs\n"


@pytest.mark.parametrize("command", ["show", "retry", "cancel"])
def test_an_unknown_execution_is_said_to_be_unknown(command: str) -> None:
    with pytest.raises(NotFound):
        cli.run(["execution", command, "ex_unknown"])
