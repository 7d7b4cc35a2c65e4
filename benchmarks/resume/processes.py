"""Real processes of the service and of a worker, as the commands run them, to be killed and started again.

They are forked from a process that has imported everything already, so that a start takes no seconds of imports;
nothing else of it is shared: each opens the registry anew.
"""

import multiprocessing
import os
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from api.commands.job import worker
from api.commands.operate import serve

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["benchmarks.resume.processes"])
_START = 60.0
LEASE_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where the processes work: data directory, database, backend of jobs, the service's port."""

    data: Path
    url: str | None
    backend: str
    port: int

    @property
    def address(self) -> str:
        """The service's."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def database(self) -> str:
        """What it is kept in."""
        return "sqlite" if self.url is None else "postgresql"

    def variables(self, workers: int) -> dict[str, str]:
        """The environment of a process."""
        named = {
            "DATA": str(self.data),
            "ASK_ENDPOINTS": "true",
            "ALLOW_NETWORKS": '["127.0.0.0/8"]',
            "LEASE_SECONDS": str(LEASE_SECONDS),
            "JOBS": self.backend,
            "WORKERS": str(workers),
            "RATE_CALLS": "1000000/minute",
            "RATE_VERDICTS": "1000000/minute",
            "RATE_TRIES": "1000000/day",
            "RATE_CASES": "1000000/day",
            **({} if self.url is None else {"DATABASE_URL": self.url}),
        }
        return {f"COUNTERMARK_{name}": value for name, value in named.items()}


class Victim:
    """A process that is killed and started again."""

    def __init__(self, run: Callable[..., None], place: Place, *, workers: int, ready: Callable[[], bool]) -> None:
        self._given = (run, place.port, place.variables(workers), str(place.data.parent / "log"))
        self._ready = ready
        self._process: Any = None

    def start(self) -> None:
        """Start it; it is not waited for."""
        self._process = _FORKS.Process(target=_run, args=self._given, daemon=True)
        self._process.start()

    def await_ready(self) -> None:
        """Wait until it serves.

        Raises:
            RuntimeError: it ended, or took a minute.
        """
        ends = time.monotonic() + _START
        while not self._ready():
            if self._process.exitcode is not None or time.monotonic() > ends:
                raise RuntimeError(Path(self._given[-1]).read_text(encoding="utf-8", errors="replace")[-4000:])
            time.sleep(0.01)

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self._process.kill()
        self._process.join()


def service_of(place: Place, *, workers: int) -> Victim:
    """The service, with so many threads that do steps."""
    return Victim(_serve, place, workers=workers, ready=lambda: _lives(place.address))


def worker_of(place: Place, *, workers: int) -> Victim:
    """A process that does steps."""
    return Victim(_work, place, workers=workers, ready=lambda: True)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens at."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _run(run: Callable[[int], None], port: int, variables: dict[str, str], log: str) -> None:
    os.environ.update(variables)
    sys.stderr = Path(log).open("a", encoding="utf-8")  # noqa: SIM115 - as long as the process
    run(port)


def _serve(port: int) -> None:
    serve(host="127.0.0.1", port=port, data=None)


def _work(port: int) -> None:  # noqa: ARG001 - called as the other is
    worker(data=None)


def _lives(address: str) -> bool:
    try:
        return httpx2.get(f"{address}/livez", timeout=2.0).status_code == httpx2.codes.OK
    except httpx2.HTTPError:
        return False
