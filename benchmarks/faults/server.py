"""Killing a PostgreSQL server of `benchmarks.postgres`, and starting it again on what it left."""

import os
import signal
import subprocess
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from benchmarks import postgres


def kill_and_start(url: str) -> None:
    """Kill every process of the server at once, if it still runs, then start it: it recovers from its journal."""
    home = home_of(url)
    for pid in _processes(home):
        os.kill(pid, signal.SIGKILL)
    owner, programs = postgres.unprivileged(), postgres.binaries()
    options = f"-c listen_addresses= -c unix_socket_directories={home}"
    command = [
        str(programs / "pg_ctl"),
        "-D",
        str(home / "data"),
        "-w",
        "-l",
        str(home / "log"),
        "-o",
        options,
        "start",
    ]
    for _ in range(100):  # until the kernel has taken the last process away
        if subprocess.run(command, user=owner, cwd=home, capture_output=True, check=False).returncode == 0:
            return
        time.sleep(0.1)
    raise RuntimeError((home / "log").read_text()[-2000:])


def home_of(url: str) -> Path:
    """The directory of the server's socket, in which its files are."""
    return Path(parse_qs(urlsplit(url).query)["host"][0])


def _processes(home: Path) -> list[int]:
    """Its first process and that one's children; none if it has ended by itself."""
    try:
        leader = int((home / "data" / "postmaster.pid").read_text().split()[0])
        return [leader, *map(int, Path(f"/proc/{leader}/task/{leader}/children").read_text().split())]
    except FileNotFoundError:
        return []
