"""The real service as a process: `countermark serve` over the filled registry, and what it has used so far."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from benchmarks.scale.filling import KEK
from benchmarks.service.world import World

PLACES = 16
"""Verifications between first byte and verdict: the service's default."""
_LIMITS = {"MAX_VERIFICATIONS": str(PLACES), "RATE_CALLS": "1000000/minute", "RATE_VERDICTS": "1000000/minute"}
_TICKS = os.sysconf("SC_CLK_TCK")
_START, _RESET_PEAK = 120.0, "5"


@dataclass(frozen=True, kw_only=True)
class Served:
    """A running service: its address, a key, and its process."""

    address: str
    token: str
    pid: int

    def web(self) -> httpx2.Client:
        """A client with a connection of its own."""
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx2.Client(base_url=self.address, headers=headers, timeout=300.0)

    def processor_seconds(self) -> float:
        """Of all its threads, so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def forget_peak(self) -> int:
        """Let the peak of its memory begin at what it takes now; bytes."""
        Path(f"/proc/{self.pid}/clear_refs").write_text(_RESET_PEAK, encoding="ascii")
        return self._memory("VmRSS")

    def peak(self) -> int:
        """The most memory since then, bytes."""
        return self._memory("VmHWM")

    def _memory(self, name: str) -> int:
        lines = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


@contextmanager
def serving(world: World) -> Iterator[Served]:
    """The service, stopped at the end."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = int(found.getsockname()[1])
    given = {"DATA": str(world.data), "KEK": KEK.hex(), **_LIMITS}
    environment = {**os.environ, **{f"COUNTERMARK_{name}": value for name, value in given.items()}}
    command = [sys.executable, "-m", "api.cli", "serve", "--port", str(port)]
    with (world.data.parent / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stderr=log)
        served = Served(address=f"http://127.0.0.1:{port}", token=world.token, pid=process.pid)
        try:
            _await(served, process)
            yield served
        finally:
            process.terminate()
            process.wait(timeout=60)


def _await(served: Served, process: subprocess.Popen[bytes]) -> None:
    ends = time.monotonic() + _START
    with served.web() as web:
        while process.poll() is None and time.monotonic() < ends:
            try:
                if web.get("/livez").status_code == httpx2.codes.OK:
                    return
            except httpx2.HTTPError:
                time.sleep(0.1)
    raise RuntimeError("the service did not start")
