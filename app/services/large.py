"""Values that are too large for the log, of which it shows the beginning: what they are, and the whole of them."""

import asyncio
import re
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from app.errors import NotFound
from app.models import User
from app.runtime import Runtime
from app.services.rights import find_execution
from engine.errors import FilesUnavailable
from engine.files import stored_from
from engine.models import Execution

ID = re.compile(r"[0-9a-f]{64}")


async def read_file(rt: Runtime, user: User, execution_id: str, file_id: str) -> Iterator[bytes]:
    """The text of a value, in pieces that come slowly; raise NotFound when it is none of this execution's."""
    async with rt.database.read() as session:
        execution = await find_execution(session, user, execution_id, to="read")
    if not ID.fullmatch(file_id):
        raise NotFound("There is no value of this id.")
    pieces = rt.files.read_json(execution.id, file_id)
    try:
        first = await asyncio.to_thread(next, pieces, b"")
    except FilesUnavailable as error:
        raise NotFound(error.message) from error
    return chain([first], pieces)


async def read_result(rt: Runtime, execution: Execution) -> Any:
    """The whole result; its beginning if the rest is lost, which must not hide the execution."""
    if execution.result_file is None:
        return execution.result
    try:
        return await rt.files.read_all(stored_from(execution.result_file))
    except FilesUnavailable:
        return execution.result


def describe_files(files: Mapping[str, Any] | None) -> dict[str, dict[str, Any]]:
    """What the whole of each value is, and where."""
    return {name: _describe(file) for name, file in (files or {}).items()}


def _describe(file: Mapping[str, Any]) -> dict[str, Any]:
    url = f"/api/executions/{file['execution_id']}/files/{file['id']}"
    return {"size": file["size"], "kind": file["kind"], "count": file["count"], "url": url}
