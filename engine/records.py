"""How a large value lies in a file: as records, so that a part of it can be read without the rest.

What is large in it has a file of its own, so that another value that holds the same is kept for nothing.

A record begins with a letter that says what it is; a list's or an object's comes after those of its entries:

    =  a value as one line of JSON
    "  a long text: how many bytes, and its UTF-8
    [  a list: how many entries, and where the record of each begins
    {  an object: the same, and the keys as one line of JSON
    >  a value that has a file of its own, as `describe` says it

Numbers take eight bytes; the last number of the file is where the record of the whole begins.
"""

import json
import os
import sys
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from typing import IO, Any

from engine.json_values import is_large
from engine.paths import read_indexes
from engine.reader import Path
from engine.stored import Stored, describe, stored_from

MIB = 1024 * 1024
STRETCH = 200  # entries
_WIDTH = 8
_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
Follow = Callable[[Stored, Iterable[Path]], Any]


class Writer:
    """Writes one value to a file; then `id` is the digest of all that was written, `size` the value's characters.

    `put` keeps a large value that is a part of it.
    """

    def __init__(self, file: IO[bytes], put: Callable[[Any], Stored]) -> None:
        self.size = 0
        self._put_apart = put
        self._file = file
        self._digest = sha256()
        self._waiting = bytearray()
        self._place = 0

    @property
    def id(self) -> str:
        return self._digest.hexdigest()

    def write(self, value: Any) -> None:
        match value:
            case list() | dict():
                root = self._split(value)
            case str():
                root = self._write_text(value)
            case _:
                root = self._record(value)
        self._put(_number(root))
        self._flush()

    def _record(self, value: Any) -> int:
        """Write a value and return where its record begins."""
        match value:
            case Stored(size=size):
                self.size += size
                return self._put(b">", _ENCODE(describe(value)).encode(), b"\n")
            case list() | dict() | str() if is_large(value):
                return self._record(self._put_apart(value))
        try:
            line = _ENCODE(value)
        except TypeError:  # a Stored is in it
            return self._split(value)
        self.size += len(line)
        return self._put(b"=", line.encode(), b"\n")

    def _write_text(self, text: str) -> int:
        self.size += len(text) + 2
        encoded = text.encode()
        return self._put(b'"', _number(len(encoded)), encoded)

    def _split(self, value: Any) -> int:
        """Write the entries one by one, and then where each of them is."""
        if isinstance(value, list):
            places = array("Q", map(self._record, value))
            begin, keys = b"[", b""
        else:
            places = array("Q", map(self._record, value.values()))
            begin, keys = b"{", _ENCODE(list(value)).encode() + b"\n"
        self.size += 2 + max(0, len(value) - 1) + len(keys)
        return self._put(begin, _number(len(value)), _bytes_of(places), keys)

    def _put(self, *parts: bytes) -> int:
        place = self._place
        for part in parts:
            self._waiting += part
            self._place += len(part)
        if len(self._waiting) >= MIB:
            self._flush()
        return place

    def _flush(self) -> None:
        self._digest.update(self._waiting)
        self._file.write(self._waiting)
        self._waiting.clear()


class Records:
    """Reads a value, or parts of it, from a file; `follow` reads what has a file of its own."""

    def __init__(self, file: IO[bytes], follow: Follow) -> None:
        self._file = file
        self._follow = follow
        file.seek(-_WIDTH, 2)
        self._root = self._number()

    def read(self, paths: Iterable[Path]) -> Any:
        """Return the value with only what is on the paths: of a list or an object all else is None."""
        return self._read(self._root, list(paths))

    def read_entries(self, start: int, stop: int) -> list[Any]:
        """Return some entries of a list."""
        self._file.seek(self._root)
        if self._file.read(1) != b"[":
            raise ValueError("it is not a list")
        return self._read_all(self._places(start, stop))

    def as_json(self, follow: Callable[[Stored], Iterator[bytes]]) -> Iterator[bytes]:
        """Yield the text of the value, in pieces of any size; `follow` does it for what has a file of its own."""
        yield from self._as_json(self._root, follow)

    def _as_json(self, place: int, follow: Callable[[Stored], Iterator[bytes]]) -> Iterator[bytes]:
        self._file.seek(place)
        match self._file.read(1):
            case b"=":
                yield self._file.readline().rstrip(b"\n")
            case b'"':
                yield _ENCODE(self._file.read(self._number()).decode()).encode()
            case b"[":
                yield from self._join(b"[]", [(b"", place) for place in self._places()], follow)
            case b"{":
                places, keys = self._places(), json.loads(self._file.readline())
                names = (_ENCODE(key).encode() + b":" for key in keys)
                yield from self._join(b"{}", list(zip(names, places, strict=True)), follow)
            case b">":
                yield from follow(stored_from(json.loads(self._file.readline())))

    def _join(
        self, ends: bytes, entries: Sequence[tuple[bytes, int]], follow: Callable[[Stored], Iterator[bytes]]
    ) -> Iterator[bytes]:
        yield ends[:1]
        for index, (name, place) in enumerate(entries):
            yield b"," + name if index else name
            yield from self._as_json(place, follow)
        yield ends[1:]

    def _read(self, place: int, paths: Sequence[Path]) -> Any:
        self._file.seek(place)
        match self._file.read(1):
            case b"=":
                return json.loads(self._file.readline())
            case b'"':
                return self._file.read(self._number()).decode()
            case b"[":
                return self._read_list(paths)
            case b"{":
                return self._read_object(paths)
            case b">":
                return self._follow(stored_from(json.loads(self._file.readline())), paths)
        raise ValueError("it is not a record")

    def _read_list(self, paths: Sequence[Path]) -> list[Any]:
        places = self._places()
        if () in paths:
            return self._read_all(places)
        entries: list[Any] = [None] * len(places)
        for index, rest in read_indexes(paths, len(places)).items():
            entries[index] = self._read(places[index], rest)
        return entries

    def _read_object(self, paths: Sequence[Path]) -> dict[str, Any]:
        places = self._places()
        keys: list[str] = json.loads(self._file.readline())
        if () in paths:
            return dict(zip(keys, self._read_all(places), strict=True))
        fields = dict.fromkeys(keys)
        for key, place in zip(keys, places, strict=True):
            if rests := [path[1:] for path in paths if path[0] == key]:
                fields[key] = self._read(place, rests)
        return fields

    def _read_all(self, places: Sequence[int]) -> list[Any]:
        """Read whole entries, about a megabyte at a time: whoever reads often keeps Python's lock from others."""
        entries: list[Any] = []
        while len(entries) < len(places):
            start = len(entries)
            block = places[start : max(start + 1, bisect_left(places, places[start] + MIB))]
            entries += self._read_lines(block) or [self._read(place, [()]) for place in block]
        return entries

    def _read_lines(self, places: Sequence[int]) -> list[Any] | None:
        """Read entries that stand in lines one after another, many in one go so that they share keys; else None."""
        self._file.seek(places[0])
        text = self._file.read(places[-1] - places[0]) + self._file.readline()
        lines = text.removesuffix(b"\n").split(b"\n")
        if len(lines) != len(places) or any(line[:1] != b"=" for line in lines):
            return None
        entries: list[Any] = []
        for start in range(0, len(lines), STRETCH):
            entries += json.loads(b"[%b]" % b",".join(line[1:] for line in lines[start : start + STRETCH]))
        return entries

    def _places(self, start: int = 0, stop: int | None = None) -> "array[int]":
        """Read where the entries of a list or an object begin, or of a list only some."""
        count = self._number()
        start, stop, _ = slice(start, stop).indices(count)
        self._file.seek(start * _WIDTH, os.SEEK_CUR)
        return _numbers_in(self._file.read(max(0, stop - start) * _WIDTH))

    def _number(self) -> int:
        return int.from_bytes(self._file.read(_WIDTH), "little")


def _number(number: int) -> bytes:
    return number.to_bytes(_WIDTH, "little")


def _bytes_of(numbers: "array[int]") -> bytes:
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()


def _numbers_in(text: bytes) -> "array[int]":
    numbers = array("Q", text)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
