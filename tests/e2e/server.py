"""The real `treadle` command as a process of its own, on a free port and a data folder of its own."""

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from pathlib import Path

import httpx

TREADLE = Path(sys.executable).parent / "treadle"
START_LIMIT = 30.0  # seconds; it takes half of one on an idle machine


class Server:
    """Starts, stops, kills; a second start finds the same data on the same port."""

    def __init__(self, data: Path, **settings: str) -> None:
        self.data = data
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.lines: list[str] = []
        self.has_been_down = False
        self._settings = {"TREADLE_DATA": str(data), "TREADLE_PORT": str(self.port)} | settings
        self._process: Process | None = None
        self._reader: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Return when it says that it runs and is ready; raise with what it said when it ends instead."""
        ours = ("TREADLE_", "DATABASE_URL", "REDIS_URL", "OPENAI_")
        env = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        self._process = await asyncio.create_subprocess_exec(
            TREADLE, env=env | self._settings, cwd=self.data.parent, stdin=DEVNULL, stdout=PIPE, stderr=STDOUT
        )
        running = asyncio.Event()
        self._reader = asyncio.create_task(self._read(running))
        async with asyncio.timeout(START_LIMIT):
            await running.wait()
        if self._process.returncode is not None or not self.lines[-1].startswith("Treadle is running"):
            raise RuntimeError("\n".join(self.lines))
        async with httpx.AsyncClient() as client:
            (await client.get(f"{self.url}/api/ready")).raise_for_status()

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    async def stop(self) -> int:
        """End it as a person would; return its exit code."""
        return await self._end(signal.SIGTERM)

    async def kill(self) -> None:
        """End it as a power cut would."""
        await self._end(signal.SIGKILL)

    async def _end(self, number: signal.Signals) -> int:
        self.has_been_down = True
        assert self._process
        assert self._reader
        if self._process.returncode is None:
            self._process.send_signal(number)
        await self._reader
        return await self._process.wait()

    async def _read(self, running: asyncio.Event) -> None:
        assert self._process
        assert self._process.stdout
        async for line in self._process.stdout:
            self.lines.append(line.decode().rstrip())
            if self.lines[-1].startswith("Treadle is running"):
                running.set()
        running.set()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
