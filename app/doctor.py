"""What `treadle doctor` shows: each setting with its origin, and whether everything is in order."""

import os
import re
from collections.abc import Iterator

import httpx

from app import frontend, preflight
from app.errors import StartError
from app.settings import Settings

WIDTH = 24


def examine(settings: Settings) -> bool:
    """Print settings and findings; return whether Treadle can start."""
    for name, value in describe_settings(settings).items():
        print(f"{name:{WIDTH}} {value}  ({'environment' if os.environ.get(name) else 'default'})")
    print()
    is_well = True
    for subject, finding in find_out(settings):
        is_well = is_well and not isinstance(finding, StartError)
        print(f"{subject:{WIDTH}} {finding}")
    return is_well


def describe_settings(settings: Settings) -> dict[str, str]:
    """Each variable with the value in force; a password in it is hidden."""
    return {
        "TREADLE_HOST": settings.host,
        "TREADLE_PORT": str(settings.port),
        "TREADLE_PUBLIC_URL": settings.public_url,
        "TREADLE_DATA": str(settings.data),
        "DATABASE_URL": re.sub(r"//([^:/]*):.*@", r"//\1:***@", settings.database_url),
        "TREADLE_SECRET_KEY": "hidden" if settings.secret_keys else "in the data folder",
        "TREADLE_EGRESS_ALLOW": ",".join(settings.egress_allow) or "nothing",
        "TREADLE_SIGN_UP": settings.sign_up,
        "TREADLE_RETENTION_DAYS": str(settings.retention_days or "0: executions are kept for ever"),
        "TREADLE_MAX_BODY": f"{settings.max_body} bytes",
        "TREADLE_MAX_EXECUTIONS": str(settings.max_executions),
        "TREADLE_TRUSTED_PROXIES": str(settings.trusted_proxies),
    }


def find_out(settings: Settings) -> Iterator[tuple[str, str | StartError]]:
    """Each part that a start needs, with what is the matter."""
    checks = {
        "Data folder": (preflight.check_data_folder, "can be written"),
        "Database": (preflight.check_database, "answers and is up to date"),
    }
    for subject, (check, good) in checks.items():
        try:
            check(settings)
            yield subject, good
        except StartError as error:
            yield subject, error
    yield "Port", _find_port(settings)
    yield "Pages", "are built" if frontend.is_built() else "will be built at the next start"


def _find_port(settings: Settings) -> str | StartError:
    try:
        preflight.check_port(settings)
    except StartError as error:
        return f"is in use by Treadle, which runs at {settings.public_url}" if _is_running(settings) else error
    return "is free"


def _is_running(settings: Settings) -> bool:
    health = f"http://{settings.host}:{settings.port}/api/health"
    try:
        return httpx.get(health, timeout=5, trust_env=False).json() == {"status": "ok"}
    except (httpx.HTTPError, ValueError):
        return False
