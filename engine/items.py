"""The names that a loop gives to its body: `index`, and `item` of the nearest list around."""

import asyncio
from collections.abc import Mapping
from typing import Any

from engine.files import Files
from engine.progress import Key, Loop, State
from engine.stored import Stored

WINDOW = 500  # entries of a stored list that are read at a time, fewer if they are large
WINDOW_SIZE = 1_000_000  # characters
KEPT = 4  # windows


class Items:
    """Reads the entries of stored lists in batches."""

    def __init__(self, state: State, files: Files) -> None:
        self._state = state
        self._files = files
        self._windows: dict[tuple[str, int], list[Any]] = {}
        self._reading = asyncio.Lock()  # iterations that begin together want the same

    async def names_for(self, key: Key, inside: int | None = None) -> Mapping[str, Any]:
        """Return what a node sees of the loops around it; `inside` is an iteration of its own."""
        if not key[1] and inside is None:
            return {}
        names: dict[str, Any] = {"index": key[1][-1] if inside is None else inside}
        for around in self._state.loops_around(key):
            loop = self._state.loops[around]
            if loop.until is None:
                names["item"] = await self._entry(loop, key[1][len(around[1])])
                break
        return names

    async def _entry(self, loop: Loop, index: int) -> Any:
        if not isinstance(loop.items, Stored):
            return loop.items[index]
        length = max(1, min(WINDOW, WINDOW_SIZE * loop.items.count // loop.items.size))
        start = index - index % length
        async with self._reading:
            window = await self._read(loop.items, start, start + length)
        return window[index - start]

    async def _read(self, items: Stored, start: int, stop: int) -> list[Any]:
        place = (items.id, start)
        if place not in self._windows:
            self._windows[place] = await self._files.read_entries(items, start, stop)
            while len(self._windows) > KEPT:
                del self._windows[next(iter(self._windows))]
        return self._windows[place]
