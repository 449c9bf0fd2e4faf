"""The file store: where values are kept that are too large for the log and for memory."""

import asyncio
import errno
import logging
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path as Folder
from tempfile import NamedTemporaryFile
from typing import Any, Protocol

from engine.errors import FilesUnavailable
from engine.json_values import size_if_small
from engine.reader import Path
from engine.records import Records, Writer
from engine.stored import Stored as Stored
from engine.stored import describe as describe
from engine.stored import kind_of, make_preview
from engine.stored import stored_from as stored_from

MAX_INLINE = 256_000  # characters of JSON: what is larger goes to a file, and so do lists of many small entries
PIECE = 256 * 1024  # bytes
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_OUR_ID = re.compile(r"\w{1,100}", re.ASCII)
log = logging.getLogger(__name__)


class Files(Protocol):
    """Keeps large values, for each execution its own; each method may raise FilesUnavailable, a StepError.

    A value is JSON, in which a Stored may stand for a part. The same value of an execution is kept once.
    """

    async def put(self, execution_id: str, value: Any) -> Stored:
        """Return when the value is on disk."""

    async def read(self, stored: Stored, paths: Iterable[Path]) -> Any:
        """Return the value with only what is on the paths; of a list or an object all else is None."""

    async def read_entries(self, stored: Stored, start: int, stop: int) -> list[Any]:
        """Return the entries of a list from `start` up to `stop`."""

    async def read_all(self, stored: Stored) -> Any:
        """Return the whole value."""

    def read_json(self, execution_id: str, id_: str) -> Iterator[bytes]:
        """Yield the text of a value in pieces; it takes its time, so it belongs in a thread."""

    async def copy(self, execution_id: str, to: str) -> None:
        """Give an execution all values of another, if that has any; each keeps its own."""

    async def delete(self, execution_id: str) -> None:
        """Forget all values of an execution; safe to call again."""

    async def list_executions(self, *, before: datetime) -> list[str]:
        """Return the executions that have values, the newest of which is from before that moment."""


async def keep(files: Files, execution_id: str, value: Any) -> Any:
    """Return the value if it is small, else what stands for it once it is on disk."""
    if isinstance(value, Stored) or _is_inline(value):
        return value
    return await files.put(execution_id, value)


def _is_inline(value: Any) -> bool:
    try:
        size = size_if_small(value)
    except TypeError:  # a Stored is in it
        return False
    return size is not None and size <= MAX_INLINE


class FolderFiles:
    """Files in a folder, which must exist: a folder for each execution, in it a file for each value."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder

    async def put(self, execution_id: str, value: Any) -> Stored:
        return await asyncio.to_thread(self._put, execution_id, value)

    async def read(self, stored: Stored, paths: Iterable[Path]) -> Any:
        return await asyncio.to_thread(self._read, stored, paths)

    async def read_entries(self, stored: Stored, start: int, stop: int) -> list[Any]:
        return await asyncio.to_thread(self._read_entries, stored, start, stop)

    async def read_all(self, stored: Stored) -> Any:
        return await self.read(stored, [()])

    def read_json(self, execution_id: str, id_: str) -> Iterator[bytes]:
        piece = bytearray()
        for part in self._read_json(Stored(execution_id=execution_id, id=id_, size=0, kind="value", count=0)):
            piece += part
            if len(piece) >= PIECE:
                yield bytes(piece)
                piece.clear()
        yield bytes(piece)

    async def copy(self, execution_id: str, to: str) -> None:
        await asyncio.to_thread(self._copy, execution_id, to)

    async def delete(self, execution_id: str) -> None:
        await asyncio.to_thread(self._delete, execution_id)

    async def list_executions(self, *, before: datetime) -> list[str]:
        return await asyncio.to_thread(self._list_executions, before.timestamp())

    def _put(self, execution_id: str, value: Any) -> Stored:
        folder = self._folder / _checked(execution_id)
        with self._explained("save"):
            folder.mkdir(mode=0o700, exist_ok=True)
            stored = _write(value, folder)
            for changed in (folder, self._folder):
                _sync(changed)
        return stored

    def _read(self, stored: Stored, paths: Iterable[Path]) -> Any:
        with self._open(stored) as records:
            return records.read(paths)

    def _read_entries(self, stored: Stored, start: int, stop: int) -> list[Any]:
        with self._open(stored) as records:
            return records.read_entries(start, stop)

    def _read_json(self, stored: Stored) -> Iterator[bytes]:
        with self._open(stored) as records:
            yield from records.as_json(lambda inner: self._read_json(replace(inner, execution_id=stored.execution_id)))

    def _copy(self, execution_id: str, to: str) -> None:
        """Values never change, so both folders may name the same files."""
        source, target = self._folder / _checked(execution_id), self._folder / _checked(to)
        with self._explained("copy"):
            files = [path for path in source.iterdir() if _OUR_ID.fullmatch(path.name)] if source.is_dir() else []
            if files:
                target.mkdir(mode=0o700, exist_ok=True)
            for path in files:
                _link(path, target / path.name)
            for changed in (target, self._folder) if files else ():
                _sync(changed)

    def _delete(self, execution_id: str) -> None:
        folder = self._folder / _checked(execution_id)
        with self._explained("delete"), suppress(FileNotFoundError):
            shutil.rmtree(folder)

    def _list_executions(self, before: float) -> list[str]:
        with self._explained("list"):
            ours = [path for path in self._folder.iterdir() if _OUR_ID.fullmatch(path.name) and path.is_dir()]
            return [path.name for path in ours if path.stat().st_mtime < before]

    @contextmanager
    def _open(self, stored: Stored) -> Iterator[Records]:
        path = self._folder / _checked(stored.execution_id) / _checked(stored.id)
        with self._explained("read"), path.open("rb") as file:
            yield Records(
                file, lambda inner, paths: self._read(replace(inner, execution_id=stored.execution_id), paths)
            )

    @contextmanager
    def _explained(self, verb: str) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError) as error:
            log.exception("The file store %s failed to %s a value", self._folder, verb)
            raise FilesUnavailable(_explain(error, verb, is_there=self._folder.is_dir())) from error


def _checked(id_: str) -> str:
    """Only what we have made ourselves becomes a part of a path."""
    if not _OUR_ID.fullmatch(id_):
        raise RuntimeError(f"{id_[:40]!r} is no id of ours")
    return id_


def _write(value: Any, folder: Folder) -> Stored:
    """Write a value under another name first, so that a crash leaves no half of it."""
    with NamedTemporaryFile(dir=folder, prefix=".", delete=False) as draft:
        try:
            writer = Writer(draft, partial(_write, folder=folder))
            writer.write(value)
            if not (path := folder / writer.id).exists():
                draft.flush()
                os.fsync(draft.fileno())
                Folder(draft.name).replace(path)
        finally:
            Folder(draft.name).unlink(missing_ok=True)
    return Stored(
        execution_id=folder.name,
        id=writer.id,
        size=writer.size,
        kind=kind_of(value),
        count=len(value) if isinstance(value, list | dict | str) else 1,
        preview=make_preview(value),
    )


def _link(path: Folder, to: Folder) -> None:
    try:
        with suppress(FileExistsError):
            to.hardlink_to(path)
    except OSError:  # not every file system can
        draft = to.with_name(f".{to.name}")
        shutil.copyfile(path, draft)
        draft.replace(to)


def _sync(folder: Folder) -> None:
    """Have the names in a folder on disk, too."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _explain(error: Exception, verb: str, *, is_there: bool) -> str:
    if not is_there:
        return "The server's folder for large values is missing: bring it back, then run this again."
    if isinstance(error, FileNotFoundError):
        return "A large value is no longer in the server's file store: run the step that gave it again."
    if not isinstance(error, OSError) or error.errno == errno.EINVAL:
        return "A large value in the server's file store is damaged: run the step that gave it again."
    if error.errno in _FULL:
        return "The server's disk has no room left for large values: free some, then run this again."
    return f"The server can't {verb} large values: {error.strerror or error}."
