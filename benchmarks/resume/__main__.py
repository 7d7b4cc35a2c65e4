"""`python -m benchmarks.resume --json FILE [--quick]`: kill -9 of the service and of workers.

On SQLite and on PostgreSQL, there with either backend of jobs, the real service and the real worker are processes of
their own, and the suspects answer over HTTP on this machine, counting how often each probe is asked. A process is
killed at random moments while they are asked, and started again. Every case must end with the verdict, bit for bit,
that its suspect gets when nobody is killed; no probe may be asked again more than once for each kill; and nothing that
was stored may be gone. All registries are audited at the end.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from api.jobs.backends.catalogue import prepare
from api.settings import Settings
from benchmarks import postgres
from benchmarks.resume.counting import row
from benchmarks.resume.killing import BATCH, SERVICE, THREADS, WORKER, Killing, killed, place_in
from benchmarks.resume.processes import LEASE_SECONDS
from benchmarks.resume.world import PROBES, make
from registry.store import open_registry

KILLS = 50
"""Of the service, and as many of the worker, on each database with each backend of jobs."""
QUEUES = {
    "sqlite": ("sqlite", "rows"),
    "postgresql": ("postgresql", "rows"),
    "procrastinate": ("postgresql", "procrastinate"),
}


def main() -> int:
    """Exit code: 0 every case ended as it must, 1 otherwise."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, required=True, help="where the figures go")
    parser.add_argument("--quick", action="store_true", help="a few kills of each")
    parser.add_argument("--queues", nargs="+", choices=tuple(QUEUES), default=tuple(QUEUES), help="database, backend")
    given = parser.parse_args()
    numbers = measure(given.queues, kills=4 if given.quick else KILLS)
    given.json.write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")
    return int(any(wrong(found) for found in numbers["rows"]))


def measure(queues: Sequence[str], *, kills: int, suspects: int | None = None, batch: int = BATCH) -> dict[str, Any]:
    """All rows; about the first suspects alone, if a number is given."""
    started, rows = time.monotonic(), list[dict[str, Any]]()
    for queue in queues:
        for what in (SERVICE, WORKER):
            rows.append(_row(*QUEUES[queue], Killing(what=what, kills=kills, batch=batch), suspects))
            print(rows[-1], flush=True)
    machine = {"processors": os.cpu_count(), "load": os.getloadavg()[0]}
    given = {"probes": PROBES, "batch": batch, "threads": THREADS, "lease_seconds": LEASE_SECONDS}
    return {"machine": machine, **given, "seconds": round(time.monotonic() - started, 1), "rows": rows}


def wrong(found: dict[str, Any]) -> list[str]:
    """What is not as it must be in a row."""
    laws = {
        "a case has no verdict": found["decided"] == found["cases"],
        "a verdict is another one": found["same_verdict"] == found["cases"],
        "a probe was asked again more than once for a kill": found["asked_twice_most_per_kill"] <= 1,
        "more steps were asked again than were under way": found["steps_again_beyond_kills"] == 0,
        "a job counts fewer probes than were asked": found["undercounted"] == 0,
        "something stored is gone": found["lost"] == 0,
    }
    return [law for law, holds in laws.items() if not holds]


def _row(database: str, backend: str, how: Killing, suspects: int | None) -> dict[str, Any]:
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = stack.enter_context(postgres.server()).url if database == "postgresql" else None
        place = place_in(root, url, backend)
        counted = partial(row, database=database, backend=backend, what=how.what)
        world = make(place.data, url)
        prepare(Settings(data=place.data, database_url=url, jobs=backend))
        found = killed(place, replace(world, suspects=world.suspects[:suspects]), how, then=counted)
        with open_registry(place.data, database_url=url) as store:
            store.audit()
    return found


if __name__ == "__main__":
    sys.exit(main())
