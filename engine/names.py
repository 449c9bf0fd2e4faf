"""The names in a workflow: what a node may be called, and how its id is made from its label."""

import keyword
import re
import unicodedata
from collections.abc import Container

FUNCTIONS = frozenset({"now", "uuid"})
ALWAYS_THERE = FUNCTIONS | {"trigger", "execution", "workflow", "variables"}
RESERVED = ALWAYS_THERE | {"item", "index"}
MAX_LENGTH = 60


def make_id(label: str, taken: Container[str]) -> str:
    """Return an id that says what the label does: `fetch_company`, or `fetch_company_2` when that is taken."""
    base = id_from(label)
    number, id_ = 1, base
    while id_ in taken:
        number += 1
        id_ = f"{base}_{number}"
    return id_


def id_from(label: str) -> str:
    """Return the identifier that a label gives: ASCII, lower case, words joined by `_`."""
    text = unicodedata.normalize("NFKD", label.casefold()).encode("ascii", "ignore").decode()
    name = re.sub(r"[^a-z0-9]+", "_", text).strip("_")[:MAX_LENGTH].rstrip("_") or "node"
    if name[0].isdigit():
        name = f"node_{name}"
    return f"{name}_" if keyword.iskeyword(name) or name in RESERVED else name


def is_derived(id_: str, label: str) -> bool:
    """Tell whether an id was made from this label."""
    return re.fullmatch(re.escape(id_from(label)) + r"(_\d+)?", id_) is not None


def why_not_an_id(id_: str) -> str | None:
    """Return what is wrong with an id, or None."""
    if not id_.isidentifier() or len(id_) > 2 * MAX_LENGTH:
        return f"{id_[:40]!r} can't be an id: use letters, digits and _, and begin with a letter."
    if keyword.iskeyword(id_):
        return f"{id_!r} can't be an id: it is a word of Python."
    if id_ in RESERVED:
        return f"{id_!r} can't be an id: expressions use this name for something else."
    return None
