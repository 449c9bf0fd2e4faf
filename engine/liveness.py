"""Names processes such that another one can tell whether they are still alive."""

import os
import secrets
import socket
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")


def new_name() -> str:
    """Return `place:pid:begin:random` for a holder of claims in this process."""
    pid = os.getpid()
    return f"{_place()}:{pid}:{_begin_of(pid)}:{secrets.token_hex(4)}"


def is_dead(name: str) -> bool:
    """Tell whether the process of that name is surely gone; of one that lived elsewhere nothing is known."""
    match name.rsplit(":", 3):
        case [place, pid, begin, _] if place == _place() and pid.isdecimal():
            return not _is_alive(int(pid)) or _begin_of(int(pid)) != begin
    return False


def _place() -> str:
    """Where a process id means one process: containers share a host's name, and every one of them has a process 1."""
    parts = [socket.gethostname()]
    with suppress(OSError):  # there is no /proc on every system
        parts.append((PROC / "sys/kernel/random/boot_id").read_text().strip())
        parts.append(str((PROC / "self/ns/pid").stat().st_ino))
    return "/".join(parts)


def _begin_of(pid: int) -> str:
    """When a process began, in ticks since the machine did; ids are used again."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (ProcessLookupError, OverflowError):
        return False
    return True
