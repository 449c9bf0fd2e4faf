"""Reads from the file store what expressions read of large values, and nothing else."""

from collections import ChainMap
from collections.abc import Iterable, Mapping
from typing import Any, cast

from engine.files import Files, Stored
from engine.reader import Path


async def load_parts(names: Mapping[str, Any], reads: Iterable[Path], files: Files | None) -> Mapping[str, Any]:
    """Return the names with the parts on the paths in place of each large value; without files there are none."""
    wanted: dict[str, list[Path]] = {}
    for name, *keys in reads:
        if files and isinstance(names.get(str(name)), Stored):
            wanted.setdefault(str(name), []).append(tuple(keys))
    if not wanted or not files:
        return names
    parts = {name: await files.read(names[name], paths) for name, paths in wanted.items()}
    return ChainMap(parts, cast(dict[str, Any], names))
