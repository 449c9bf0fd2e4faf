"""Keeps secrets out of the log: what inputs name so, and the values of those secrets wherever they turn up.

What a step gives is what the next one works with, so in outputs only the values of secrets are masked, and the
headers of a request or an answer that carry a person's session. A value counts as a secret when the step declares
it one (a field of kind `secret`, a credential), or when it stands in a header such as `Authorization` and looks
random: `Bearer production` is no reason to mask the word production.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import unquote, urlsplit

from engine.json_values import is_same
from engine.sdk import Field, Step
from engine.template import map_strings, strings_in

MASK = "••••••"
MIN_LENGTH = 6  # a shorter value would be found in ordinary words
_NAME = re.compile(
    r"(^|[_-])(authorization|cookie|token|secret|password|passwd|api[_-]?key|credentials?|signature)$", re.I
)
_LOOKS_RANDOM = re.compile(r"(?=.*\d)(?=.*[A-Za-z])\S{8,}", re.S)
_SESSION_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie"})
_HEADER_LIKE = frozenset({"headers", "query", "params", "cookies"})


class Redactor:
    """Replaces known secret values."""

    def __init__(self, secrets: Iterable[str]) -> None:
        known = {secret for secret in secrets if len(secret) >= MIN_LENGTH}
        longest_first = sorted(known, key=len, reverse=True)
        self._values = re.compile("|".join(map(re.escape, longest_first))) if known else None

    def clean_input(self, value: Any) -> Any:
        """Return what a step was given without secrets, those included that only a name tells."""
        return self._mask_values(_mask_names(value))

    def clean_output(self, value: Any) -> Any:
        """Return what a step gave without the values of secrets and without the headers of a session."""
        match value:
            case {"headers": dict(headers)}:
                value = {**value, "headers": {name: _mask_session(name, held) for name, held in headers.items()}}
        return self._mask_values(value)

    def clean_text(self, text: str) -> str:
        """Return the text without secret values."""
        return self._values.sub(MASK, text) if self._values else text

    def _mask_values(self, value: Any) -> Any:
        return map_strings(value, self.clean_text) if self._values else value


def find_secrets(step: Step, inputs: Mapping[str, Any], credentials: Mapping[str, str]) -> Iterator[str]:
    """Yield what is secret in a step's credentials, in its secret fields and in headers that usually hold secrets."""
    yield from find_secret_credentials(step.credentials, credentials)
    for field in step.fields:
        if field.kind == "secret":
            yield from strings_in(inputs.get(field.name))
    for name in _HEADER_LIKE & inputs.keys():
        if isinstance(entries := inputs[name], dict):
            for key, value in entries.items():
                if _NAME.search(key) and isinstance(value, str):
                    secret = value.rpartition(" ")[2]  # a scheme such as Bearer is no secret
                    yield from {value, secret} if _LOOKS_RANDOM.fullmatch(secret) else ()


def find_secret_credentials(form: Iterable[Field], credentials: Mapping[str, str]) -> Iterator[str]:
    """Yield the values of credentials, but not of what their form doesn't call a secret, nor of the address."""
    is_open = {field.name for field in form if field.kind != "secret"} | {"base_url"}
    for name, value in credentials.items():
        yield from () if name in is_open else _with_password(value)


def _with_password(secret: str) -> Iterator[str]:
    """A URL is told by its password, too."""
    yield secret
    with suppress(ValueError):
        yield unquote(urlsplit(secret).password or "")


def _mask_session(name: str, value: Any) -> Any:
    return MASK if name.lower() in _SESSION_HEADERS else value


def _mask_names(value: Any, *, is_header_like: bool = False) -> Any:
    match value:
        case dict():
            masked = {
                key: MASK
                if is_header_like and isinstance(item, str) and _NAME.search(key)
                else _mask_names(item, is_header_like=key.lower() in _HEADER_LIKE)
                for key, item in value.items()
            }
            return value if is_same(masked.values(), value.values()) else masked
        case list():
            items = [_mask_names(item) for item in value]
            return value if is_same(items, value) else items
    return value
