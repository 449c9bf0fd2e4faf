"""What the engine asks of the application: connections of the workflow's workspace, and where it may go."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from sqlmodel import and_, col, or_, select, update

from app.children import Children
from app.db import Database
from app.egress import find_address, read_policy
from app.models import Connection, Workflow
from app.own_database import is_own_database, is_own_file
from app.secrets import Secrets, WrongKey
from app.settings import Settings
from engine.errors import StepError
from engine.models import Execution
from engine.outside import Outside

FOLDER = "databases"
USED_AGAIN = timedelta(minutes=1)  # before that a connection's last use is not written anew


class AppOutside(Outside):
    """The engine's Outside."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        secrets: Secrets,
        clock: Callable[[], datetime],
        children: Children,
    ) -> None:
        self._settings = settings
        self._policy = read_policy(settings.egress_allow)
        self._database = database
        self._secrets = secrets
        self._clock = clock
        self._children = children

    async def find_credentials(self, execution: Execution, connection_id: str, plugin: str) -> Mapping[str, str]:
        is_same_workspace = and_(
            col(Workflow.workspace_id) == col(Connection.workspace_id), col(Workflow.id) == execution.workflow_id
        )
        query = select(Connection).join(Workflow, is_same_workspace).where(Connection.id == connection_id)
        async with self._database.read() as session:
            connection = (await session.exec(query)).first()
        if connection is None:
            raise _no_connection("The connection of this step doesn't exist any more: choose another.")
        if connection.plugin != plugin:
            raise _no_connection(f"{connection.name} is a connection for {connection.plugin}: choose one for {plugin}.")
        await self._note_use(connection)
        try:
            return self.open_credentials(connection)
        except WrongKey as error:
            raise _no_connection(error.message) from None

    def open_credentials(self, connection: Connection) -> dict[str, str]:
        """Decrypt what a connection holds; raise WrongKey."""
        base_url = {"base_url": connection.base_url} if connection.base_url else {}
        return self._secrets.decrypt(connection.credentials) | base_url

    def seal(self, credentials: Mapping[str, str]) -> str:
        """Encrypt what a connection is to hold."""
        return self._secrets.encrypt(credentials)

    async def find_address(self, host: str, port: int, database: str = "") -> str:
        address = await find_address(self._policy, host, port)
        if await is_own_database(self._settings.database_url, address, port, database):
            raise StepError("This is Treadle's own database, which no workflow can open.", kind="egress_refused")
        return address

    def find_file(self, path: str) -> Path:
        folder = (self._settings.data / FOLDER).resolve()
        file = (folder / path).resolve()  # wherever links lead
        if not file.is_relative_to(folder):
            message = f"SQLite files are opened from the folder {FOLDER} in TREADLE_DATA only: write sqlite:///name.db."
            raise StepError(message, kind="egress_refused")
        if not file.is_file():
            raise StepError(f"There is no file {path} in the folder {FOLDER} in TREADLE_DATA.", kind="no_file")
        if is_own_file(self._settings.database_url, file):
            raise StepError("This is Treadle's own database, which no workflow can open.", kind="egress_refused")
        return file

    async def start_workflow(self, parent: Execution, workflow_id: str, input: object, key: str) -> str:
        return await self._children.start(parent, workflow_id, input, key)

    def resume_url(self, token: str) -> str:
        return f"{self._settings.public_url}/api/resume/{token}"

    async def _note_use(self, connection: Connection) -> None:
        now = self._clock()
        last = connection.last_used_at
        if last is not None and last > now - USED_AGAIN:
            return
        is_older = or_(col(Connection.last_used_at).is_(None), col(Connection.last_used_at) <= now - USED_AGAIN)
        note = update(Connection).where(col(Connection.id) == connection.id, is_older)
        async with self._database.write() as session:  # to be used is no change
            await session.exec(note.values(last_used_at=now, updated_at=col(Connection.updated_at)))


def _no_connection(message: str) -> StepError:
    return StepError(message, kind="no_connection")
