"""Where a database is, read from its URL; what a URL could smuggle in is refused."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from sqlalchemy import make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError

from engine.sdk import StepError

Kind = Literal["postgresql", "mysql", "sqlite"]
KINDS: Mapping[str, Kind] = {
    "postgresql": "postgresql",
    "postgres": "postgresql",
    "mysql": "mysql",
    "mariadb": "mysql",
    "sqlite": "sqlite",
}
PORTS = {"postgresql": 5432, "mysql": 3306}
# Everything else could name a file, a socket or another host.
OPTIONS: Mapping[Kind, Mapping[str, tuple[str, ...]]] = {
    "postgresql": {
        "sslmode": ("disable", "prefer", "require", "verify-full"),
        "channel_binding": ("disable", "prefer", "require"),
    },
    "mysql": {"ssl-mode": ("DISABLED", "PREFERRED", "REQUIRED", "VERIFY_IDENTITY"), "charset": ("utf8mb4",)},
    "sqlite": {},
}
EXAMPLES = "postgresql://user:password@host/database, mysql://user:password@host/database or sqlite:///file.db"


@dataclass(frozen=True, kw_only=True)
class Place:
    """A server's database, or for SQLite a file: then `database` is its path."""

    kind: Kind
    database: str
    host: str = ""
    port: int = 0
    user: str = ""
    password: str = field(default="", repr=False)
    options: Mapping[str, str] = field(default_factory=dict)


def read_place(url: str) -> Place:
    """Read a URL; raise StepError that doesn't repeat it, since it holds the password."""
    parsed = _parse(url)
    kind = KINDS.get(parsed.get_backend_name())
    if kind is None:
        raise _bad(f"{parsed.get_backend_name()[:40]} is no database that Treadle knows: write {EXAMPLES}.")
    if not parsed.database:
        raise _bad(f"The URL names no database: write {EXAMPLES}.")
    options = _read_options(kind, parsed)
    if kind == "sqlite":
        if parsed.host or parsed.database == ":memory:" or parsed.database.startswith("file:"):
            raise _bad("SQLite opens a file: write sqlite:///file.db.")
        return Place(kind=kind, database=parsed.database)
    return Place(
        kind=kind,
        database=parsed.database,
        host=_read_host(parsed),
        port=parsed.port or PORTS[kind],
        user=parsed.username or "",
        password=parsed.password or "",
        options=options,
    )


def _parse(url: str) -> URL:
    try:
        return make_url(url.strip())
    except (ArgumentError, ValueError):
        raise _bad(f"This is not the URL of a database: write {EXAMPLES}.") from None


def _read_host(url: URL) -> str:
    if not url.host or url.host.startswith(("/", "%", "@")) or "," in url.host:
        raise _bad("The URL needs one host; sockets and lists of hosts can't be used.")
    if not url.username:
        raise _bad("The URL names no user: write user:password@ before the host.")
    return url.host


def _read_options(kind: Kind, url: URL) -> dict[str, str]:
    allowed = OPTIONS[kind]
    for name, value in url.query.items():
        if name not in allowed:
            known = f"only {', '.join(allowed)} can be" if allowed else "none can be"
            raise _bad(f"The option {name[:40]} can't be set in the URL; {known}.")
        if value not in allowed[name]:
            raise _bad(f"The option {name} is one of {', '.join(allowed[name])}.")
    return {name: str(value) for name, value in url.query.items()}


def _bad(message: str) -> StepError:
    return StepError(message, kind="bad_url")
