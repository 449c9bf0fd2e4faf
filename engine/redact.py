"""Keeps secrets out of the log: by their values wherever they turn up, and by usual names in headers and the like."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from engine.sdk import Step
from engine.template import map_strings, strings_in

MASK = "••••••"
MIN_LENGTH = 6  # a shorter value would be found in ordinary words
_NAME = re.compile(
    r"(^|[_-])(authorization|cookie|token|secret|password|passwd|api[_-]?key|credentials?|signature)$", re.I
)
_HEADER_LIKE = frozenset({"headers", "query", "params", "cookies"})


class Redactor:
    """Replaces known secret values."""

    def __init__(self, secrets: Iterable[str]) -> None:
        known = {secret for secret in secrets if len(secret) >= MIN_LENGTH}
        longest_first = sorted(known, key=len, reverse=True)
        self._values = re.compile("|".join(map(re.escape, longest_first))) if known else None

    def clean(self, value: Any) -> Any:
        """Return the value without secrets."""
        return self._mask_values(_mask_names(value))

    def clean_text(self, text: str) -> str:
        """Return the text without secret values."""
        return self._values.sub(MASK, text) if self._values else text

    def _mask_values(self, value: Any) -> Any:
        return map_strings(value, self.clean_text) if self._values else value


def find_secrets(step: Step, inputs: Mapping[str, Any], credentials: Mapping[str, str]) -> Iterator[str]:
    """Yield the values of a step's credentials, of its secret fields and of headers that usually hold secrets."""
    yield from credentials.values()
    for field in step.fields:
        if field.kind == "secret":
            yield from strings_in(inputs.get(field.name))
    for name in _HEADER_LIKE & inputs.keys():
        if isinstance(entries := inputs[name], dict):
            for key, value in entries.items():
                if _NAME.search(key) and isinstance(value, str):
                    yield from {value, value.rpartition(" ")[2]}  # a scheme such as Bearer is no secret


def _mask_names(value: Any, *, is_header_like: bool = False) -> Any:
    match value:
        case dict():
            return {
                key: MASK
                if is_header_like and isinstance(item, str) and _NAME.search(key)
                else _mask_names(item, is_header_like=key.lower() in _HEADER_LIKE)
                for key, item in value.items()
            }
        case list():
            return [_mask_names(item) for item in value]
    return value
