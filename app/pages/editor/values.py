"""Between a field's value in the definition and the text in its input."""

import json
from typing import Any

from engine.sdk import Kind


def show_value(value: Any) -> str:
    """The text of a value: strings as they are, nothing for None, all else as JSON."""
    match value:
        case None:
            return ""
        case str():
            return value
        case _:
            return json.dumps(value, indent=2, ensure_ascii=False)


def read_value(kind: Kind, text: str) -> Any:
    """The value of a text; what isn't readable as its kind stays text, so that nothing typed is lost.

    In JSON a number is one only when it is shown again as it was typed: the header `1.10` isn't `1.1`.
    """
    if not text.strip():
        return None
    match kind:
        case "json":
            value = _parse_json(text)
            return text if isinstance(value, int | float) and show_value(value) != text.strip() else value
        case "number" | "schema" | "key-value":
            return _parse_json(text)
        case "boolean":
            return text == "true"
        case _:
            return text


def _parse_json(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return text


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
