"""A registry of 10^6 devices and copies: `python -m benchmarks.scale --json FILE`.

For SQLite and PostgreSQL two registries are filled, a small one and a large one, each in a database of its own. One
process then times, in turn and many times over: the first and the last page of the lists, and look-ups by digest and by
name among few and among many. Other processes, each fresh, say how much memory they took at most: one streams the
codewords of the large registry into memory and judges a suspect, two audit the large registry and the small one. Times
are of processors, the server's included; what is reported are ratios within one run.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks import postgres
from benchmarks.scale.filling import KEK, fill
from benchmarks.scale.measuring import PAGE, Clock, auditing, queries, streaming
from registry.store import open_registry

FEW, MANY = 10**3, 10**6
ALONE = {"streaming": streaming, "auditing": auditing}


def main() -> int:
    """Fill, measure, write; rows of a database that is not measured now are kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, required=True, help="where the figures go")
    parser.add_argument("--many", type=int, default=MANY, help="devices of the large registries")
    parser.add_argument("--databases", nargs="+", choices=("sqlite", "postgresql"), default=["sqlite", "postgresql"])
    parser.add_argument("--alone", nargs=4, metavar=("WHAT", "DIRECTORY", "URL", "PID"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.alone:
        return _alone(*given.alone, given.many)
    kept = json.loads(given.json.read_text(encoding="utf-8"))["rows"] if given.json.exists() else []
    rows = [row for row in kept if row["database"] not in given.databases]
    rows += [_measure(database, given.many) for database in given.databases]
    numbers = {"few": FEW, "page": PAGE, "processors": os.cpu_count(), "rows": rows}
    given.json.write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")
    return 0


def _measure(database: str, many: int) -> dict[str, Any]:
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        servers = [stack.enter_context(postgres.server()) for _ in range(2)] if database == "postgresql" else []
        urls = [server.url for server in servers] or [None, None]
        places = [(root / name, url) for name, url in zip(("few", "many"), urls, strict=True)]
        for (directory, url), devices in zip(places, (FEW, many), strict=True):
            fill(directory, url, devices)
            print(f"{database}: {devices:,} devices filled", flush=True)
        small, large = (
            stack.enter_context(open_registry(directory, kek=KEK, database_url=url)) for directory, url in places
        )
        asked = queries(small, large, FEW, many, _clock(servers))
        print(json.dumps(asked), flush=True)
        small_server, large_server = servers or (None, None)
        streamed = _in_a_process("streaming", *places[1], large_server, many)
        audited = _in_a_process("auditing", *places[1], large_server, many)
        few = _in_a_process("auditing", *places[0], small_server, FEW)
        audited["entry_many_to_few"] = audited["seconds_per_entry"] / few["seconds_per_entry"]
        audited["few_peak_memory_growth_bytes"] = few["peak_memory_growth_bytes"]
        return {"database": database, "many": many, "queries": asked, "streaming": streamed, "audit": audited}


def _in_a_process(
    what: str, directory: Path, url: str | None, server: postgres.Server | None, devices: int
) -> dict[str, Any]:
    """What a fresh process measures, whose memory is its own."""
    command = [sys.executable, "-m", "benchmarks.scale", "--json", os.devnull, "--many", str(devices)]
    hidden = ["--alone", what, str(directory), url or "", "" if server is None else str(server.pid)]
    done = subprocess.run([*command, *hidden], check=True, stdout=subprocess.PIPE)
    print(done.stdout.decode(), flush=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _clock(servers: Sequence[postgres.Server]) -> Clock:
    """Seconds of processors that this process and the servers have used."""
    return lambda: time.process_time() + sum(server.processor_seconds() for server in servers)


def _alone(what: str, directory: str, url: str, pid: str, many: int) -> int:
    servers = [postgres.Server(url, int(pid))] if pid else []
    with open_registry(Path(directory), kek=KEK, database_url=url or None) as store:
        print(json.dumps(ALONE[what](store, many, _clock(servers))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
