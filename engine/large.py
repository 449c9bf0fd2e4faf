"""Keeps large values out of the log: the log has a preview, the file store the whole."""

from typing import Any

from engine.errors import StepError
from engine.files import Files, keep
from engine.stored import Stored, describe

MIB = 1024**2
MAX_SIZE = 32 * MIB  # characters of JSON; as Python objects it is some six times as much


async def as_logged(value: Any, execution_id: str, files: Files) -> tuple[Any, dict[str, Any] | None]:
    """Return what the log holds of a value, and where the whole is if that is a preview; raise StepError."""
    kept = await keep(files, execution_id, value)
    if not isinstance(kept, Stored):
        return kept, None
    if kept.size > MAX_SIZE:
        message = f"This is {kept.size // MIB:,} MiB of data; the most is {MAX_SIZE // MIB} MiB: take less at a time."
        raise StepError(message, kind="too_large")
    return kept.preview, describe(kept)
