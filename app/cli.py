"""The `treadle` command; what a command needs is imported when it runs, so that help is instant."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from app import commands, execution_commands
from app.errors import AppError, StartError
from app.settings import get_settings

STATUSES = ("pending", "running", "waiting", "succeeded", "failed", "cancelled")


def main() -> None:
    """Run the command line; a problem that a person can mend is one line and exit code 1."""
    try:
        run()
    except (StartError, AppError) as error:
        sys.exit(f"treadle: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


def run(words: Sequence[str] | None = None) -> None:
    """Do what the words say."""
    arguments = vars(_parser().parse_args(words))
    command = arguments.pop("command")
    try:
        settings = get_settings()
    except ValueError as error:  # it names the variable
        raise StartError(str(error)) from error
    command(settings, **arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="treadle",
        description="Without a command: start Treadle, after building its pages if needed.",
        epilog="Settings come from the environment; `treadle doctor` lists them.",
    )
    parser.set_defaults(command=commands.serve)
    groups = parser.add_subparsers(title="commands", metavar="COMMAND")
    _add(groups, "build", "build the pages", commands.build)
    _add(groups, "migrate", "bring the database up to date", commands.migrate)
    backup = _add(groups, "backup", "copy all data into one file, also while Treadle runs", commands.back_up)
    backup.add_argument("target", type=Path, metavar="FILE_OR_FOLDER", help="a new file, or a folder to put one in")
    backup.add_argument("--with-key", action="store_true", help="with the key that the connections' credentials need")
    _add(groups, "doctor", "show the settings and what is in order", commands.doctor)
    _add_user(groups)
    _add_workflow(groups)
    _add_execution(groups)
    return parser


def _add_user(groups: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    words = "look after accounts; the password is asked for, or read from standard input"
    user = groups.add_parser("user", help=words, description=words).add_subparsers(required=True, metavar="COMMAND")
    create = _add(user, "create", "add a user", commands.create_user)
    create.add_argument("email")
    create.add_argument("--name", required=True)
    reset = _add(user, "reset-password", "give a user a new password and sign them out", commands.reset_password)
    reset.add_argument("email")


def _add_workflow(groups: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    words = "look after workflows"
    workflow = groups.add_parser("workflow", help=words, description=words)
    workflows = workflow.add_subparsers(required=True, metavar="COMMAND")
    run = _add(workflows, "run", "run a workflow in its owner's name and print its result", commands.run_workflow)
    run.add_argument("workflow_id", metavar="ID")
    run.add_argument("--input", type=Path, metavar="FILE", dest="input_file", help="JSON for the trigger; - reads it")
    bring = _add(workflows, "import", "add a workflow from a file and print its id", commands.import_workflow)
    bring.add_argument("file", type=Path, metavar="FILE", help="JSON as export prints it; - reads it")
    bring.add_argument("--owner", metavar="EMAIL", help="whose it is to be; without it, the administrator's")
    export = _add(workflows, "export", "print a workflow as JSON, without credentials", commands.export_workflow)
    export.add_argument("workflow_id", metavar="ID")


def _add_execution(groups: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    words = "look after executions, also while Treadle runs"
    execution = groups.add_parser("execution", help=words, description=words)
    executions = execution.add_subparsers(required=True, metavar="COMMAND")
    list_ = _add(executions, "list", "list the newest executions", execution_commands.list_executions)
    list_.add_argument("--workflow", metavar="ID", help="only of this workflow")
    list_.add_argument("--status", choices=STATUSES, help="only of this status")
    list_.add_argument("--limit", type=int, default=20, metavar="COUNT", help="how many, 20 unless told")
    show = _add(executions, "show", "show what an execution did", execution_commands.show_execution)
    show.add_argument("--json", action="store_true", dest="as_json", help="all of it as JSON")
    retry = _add(executions, "retry", "run an execution again as a new one", execution_commands.retry_execution)
    retry.add_argument("--from", dest="begin", default="failed", metavar="POINT", help="failed, start, or a node's id")
    retry.add_argument("--definition", choices=("original", "current"), default="original", help="which to run")
    cancel = _add(executions, "cancel", "end an execution", execution_commands.cancel_execution)
    for each in (show, retry, cancel):
        each.add_argument("execution_id", metavar="ID")


def _add(
    groups: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, words: str, command: commands.Command
) -> argparse.ArgumentParser:
    parser = groups.add_parser(name, help=words, description=f"{words[0].upper()}{words[1:]}.")
    parser.set_defaults(command=command)
    return parser
