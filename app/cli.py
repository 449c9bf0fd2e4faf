"""The `treadle` command; modules are imported when a command needs them, so that help is instant."""

import argparse
import sys

from app.errors import StartError
from app.settings import Settings, get_settings


def main() -> None:
    """Run the command line; a problem that a person can mend is one line and exit code 1."""
    arguments = _parser().parse_args()
    try:
        arguments.run(get_settings(), arguments)
    except (StartError, ValueError) as error:
        sys.exit(f"treadle: {error}")


def serve(settings: Settings, _: argparse.Namespace) -> None:
    """Start everything, after building the pages where they are missing or out of date."""
    from app import frontend, preflight, server

    preflight.check_before_start(settings)
    if not frontend.is_built():
        _build()
    server.serve(settings)


def build(_: Settings, __: argparse.Namespace) -> None:
    """Build the pages."""
    _build()


def _build() -> None:
    from app import frontend

    print("Building the pages (some seconds)…", flush=True)
    frontend.build()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="treadle", description="Start Treadle, or look after it.")
    parser.set_defaults(run=serve)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    commands.add_parser("build", help="build the pages").set_defaults(run=build)
    return parser
