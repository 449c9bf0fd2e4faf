"""How long `scripts/start` takes until the first answer, when everything is set up.

Baseline of the same run: starting Python and importing Reflex, which nobody can do without.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

from benchmarks.lab import percentiles, print_table

ROOT = Path(__file__).parents[1]
STARTS = 5


def main() -> None:
    subprocess.run([ROOT / "scripts" / "start", "--help"], check=True, stdout=subprocess.DEVNULL)  # sets up
    with tempfile.TemporaryDirectory() as data:
        rows = [("import reflex (baseline)", time_import), ("first start: migrates", start), ("later starts", start)]
        results = []
        for name, measure in rows:
            times = [1000 * measure(data) for _ in range(1 if "first" in name else STARTS)]
            results.append((name, *percentiles(times if len(times) > 1 else times * 2)))
    print_table("scripts/start → first 200 from /api/health, ms", ("what", "p50", "p95", "max"), results)


def time_import(_: str) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import reflex; reflex.App"], check=True)
    return time.perf_counter() - began


def start(data: str) -> float:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = os.environ | {"TREADLE_DATA": data, "TREADLE_PORT": str(port)}
    began = time.perf_counter()
    with subprocess.Popen([ROOT / "scripts" / "start"], env=env, stdout=subprocess.DEVNULL) as process:
        while not _answers(port):
            time.sleep(0.005)
        took = time.perf_counter() - began
        process.send_signal(signal.SIGTERM)
    return took


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/api/health").status_code == 200
    except httpx.TransportError:
        return False


if __name__ == "__main__":
    main()
