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
    return next(iter(_stat(pid)[19:]), "")


def _stat(pid: int) -> list[str]:
    """What the kernel says of a process after its name, its state first; nothing where there is no /proc."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _is_alive(pid: int) -> bool:
    if _stat(pid)[:1] in (["Z"], ["X"]):  # it has ended, and waits for its parent to notice
        return False
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (ProcessLookupError, OverflowError):
        return False
    return True
