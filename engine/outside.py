"""What the engine asks of the application around it; all of it checks rights on its side."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from engine.errors import StepError
from engine.models import Execution


class Outside(Protocol):
    """Each raises StepError with what to do."""

    async def find_credentials(self, execution: Execution, connection_id: str, plugin: str) -> Mapping[str, str]:
        """Return what a connection of the execution's workspace holds, and its `base_url` if it has one."""

    async def find_address(self, host: str, port: int, database: str = "") -> str:
        """Return the address that a connection to a host, and a database there, may go to."""

    def find_file(self, path: str) -> Path:
        """Return the database file that a path means, if a workflow may open it."""

    async def start_workflow(self, parent: Execution, workflow_id: str, input: object, key: str) -> str:
        """Start a workflow in the name of the one that runs, and return the execution's id; once for each key.

        A child that has failed doesn't count: the same key starts another.
        """

    def resume_url(self, token: str) -> str:
        """Return the URL at which a request with this token is waited for."""


class Nothing:
    """An engine alone."""

    async def find_credentials(self, execution: Execution, connection_id: str, plugin: str) -> Mapping[str, str]:
        raise StepError("There are no connections here.", kind="no_connection")

    async def find_address(self, host: str, port: int, database: str = "") -> str:
        raise StepError("There are no other hosts here.", kind="egress_refused")

    def find_file(self, path: str) -> Path:
        raise StepError("There are no files here.", kind="no_file")

    async def start_workflow(self, parent: Execution, workflow_id: str, input: object, key: str) -> str:
        raise StepError("There are no other workflows here.", kind="no_workflow")

    def resume_url(self, token: str) -> str:
        return f"/api/resume/{token}"
