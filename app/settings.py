"""The settings, read once from the environment; nothing else reads it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

MIN_SECRET_KEY = 16  # characters


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the person who runs Treadle decides; each has a working default. Sizes are in bytes."""

    host: str = "127.0.0.1"
    port: int = 8000
    public_url: str = "http://127.0.0.1:8000"
    data: Path = Path("data")
    database_url: str = "sqlite+aiosqlite:///data/treadle.db"
    secret_keys: tuple[str, ...] = field(default=(), repr=False)
    egress_allow: tuple[str, ...] = ()
    sign_up: Literal["open", "invite"] = "open"
    retention_days: int = 30
    max_body: int = 10 * 1024 * 1024
    max_executions: int = 1_000
    trusted_proxies: int = 0

    @property
    def origin(self) -> str:
        """The scheme, host and port that the browser sees; also the only origin that may write."""
        parts = urlsplit(self.public_url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def origins(self) -> frozenset[str]:
        """`origin` and, when it is this machine, the other names that a browser may know it by."""
        parts = urlsplit(self.public_url)
        if not is_loopback(parts.hostname or ""):
            return frozenset({self.origin})
        port = f":{parts.port}" if parts.port else ""
        return frozenset(f"{parts.scheme}://{host}{port}" for host in ("127.0.0.1", "localhost", "[::1]"))

    @property
    def is_https(self) -> bool:
        return self.public_url.startswith("https://")


def read_settings(env: Mapping[str, str]) -> Settings:
    """Read the settings from an environment; raise ValueError that names the variable to mend."""
    host = env.get("TREADLE_HOST") or "127.0.0.1"
    port = _read_int(env, "TREADLE_PORT", 8000)
    data = Path(env.get("TREADLE_DATA") or "data").absolute()
    return Settings(
        host=host,
        port=port,
        public_url=_read_public_url(env) or _write_origin("http", _browser_host(host), port),
        data=data,
        database_url=_read_database_url(env, data),
        secret_keys=_read_secret_keys(env),
        egress_allow=_read_list(env, "TREADLE_EGRESS_ALLOW"),
        sign_up=_read_sign_up(env, host),
        retention_days=_read_int(env, "TREADLE_RETENTION_DAYS", 30),
        max_body=_read_int(env, "TREADLE_MAX_BODY", 10 * 1024 * 1024),
        max_executions=_read_int(env, "TREADLE_MAX_EXECUTIONS", 1_000, least=1),
        trusted_proxies=_read_int(env, "TREADLE_TRUSTED_PROXIES", 0),
    )


@cache
def get_settings() -> Settings:
    """The settings of this process."""
    return read_settings(os.environ)


def _read_int(env: Mapping[str, str], name: str, default: int, *, least: int = 0) -> int:
    text = env.get(name) or str(default)
    if not text.isdigit() or int(text) < least:
        raise ValueError(f"{name} must be a whole number{f' from {least} on' if least else ''}, not {text!r}.")
    return int(text)


def _read_list(env: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in env.get(name, "").split(",") if part.strip())


def _read_secret_keys(env: Mapping[str, str]) -> tuple[str, ...]:
    keys = _read_list(env, "TREADLE_SECRET_KEY")
    if any(len(key) < MIN_SECRET_KEY for key in keys):
        raise ValueError(f"Each key in TREADLE_SECRET_KEY must have at least {MIN_SECRET_KEY} characters.")
    return keys


def _read_public_url(env: Mapping[str, str]) -> str | None:
    if not (text := env.get("TREADLE_PUBLIC_URL")):
        return None
    try:
        parts = urlsplit(text.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if host is None or parts.scheme not in {"http", "https"} or parts.path.strip("/") or parts.query or parts.username:
        raise ValueError(f"TREADLE_PUBLIC_URL must be like https://treadle.example.com, not {text!r}.")
    return _write_origin(parts.scheme, host, port)


def _write_origin(scheme: str, host: str, port: int | None) -> str:
    """An address as browsers write it in the Origin header: without the scheme's own port."""
    name = f"[{host}]" if ":" in host else host
    is_own = port in {None, {"http": 80, "https": 443}[scheme]}
    return f"{scheme}://{name}" if is_own else f"{scheme}://{name}:{port}"


def _read_database_url(env: Mapping[str, str], data: Path) -> str:
    """A file is meant from where the person stands; the server goes to its own folder before it opens it."""
    url = env.get("DATABASE_URL") or f"sqlite+aiosqlite:///{data / 'treadle.db'}"
    scheme, mark, path = url.partition(":///")
    is_relative = scheme.startswith("sqlite") and path and not path.startswith(("/", ":"))
    return f"{scheme}{mark}{Path(path).absolute()}" if is_relative else url


def _read_sign_up(env: Mapping[str, str], host: str) -> Literal["open", "invite"]:
    match env.get("TREADLE_SIGN_UP") or ("open" if is_loopback(host) else "invite"):
        case "open":
            return "open"
        case "invite":
            return "invite"
        case other:
            raise ValueError(f"TREADLE_SIGN_UP must be open or invite, not {other!r}.")


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this very machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _browser_host(host: str) -> str:
    """An address that a browser can open: a server that listens everywhere is reached on this machine."""
    return "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104
