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
    """The value of a text; what isn't readable as its kind stays text, so that nothing typed is lost."""
    if not text.strip():
        return None
    match kind:
        case "number" | "json" | "schema" | "key-value":
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
