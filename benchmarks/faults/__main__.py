"""`python -m benchmarks.faults --json FILE [--quick]`: faults under load, and what is found again after each.

Two processes with two threads each enrol devices and say of each what was acknowledged; both are killed at a random
moment, the registry is opened again, and everything ever acknowledged is looked for: each entry by its leaf hash, each
checkpoint that anybody saw by a consistency proof to the newest one; at the end the whole registry is audited.
"""

import argparse
import json
import os
import random
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks import postgres
from benchmarks.faults import kinds, postgres_kinds
from benchmarks.faults.server import kill_and_start
from benchmarks.faults.writers import new_place


def main() -> int:
    """Break, look, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, required=True, help="where the figures go")
    parser.add_argument("--quick", action="store_true", help="a twentieth of the faults, in under a minute")
    parser.add_argument("--databases", nargs="+", choices=("sqlite", "postgresql"), default=["sqlite", "postgresql"])
    given = parser.parse_args()
    start = time.perf_counter()
    numbers = measure(given.databases, share=0.05 if given.quick else 1.0)
    numbers["seconds"] = round(time.perf_counter() - start, 1)
    given.json.write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")
    return 0


def measure(databases: list[str], *, share: float) -> dict[str, Any]:
    """All rows; `share` of the faults are made, at least two of each."""
    rng, rows = random.Random("benchmarks/faults"), list[dict[str, Any]]()  # noqa: S311 - no secret

    def times(whole: int) -> int:
        return max(2, round(share * whole))

    def keep(row: dict[str, Any]) -> None:
        print(row, flush=True)
        rows.append(row)

    how = "not filled"
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        root.chmod(0o755)
        if "sqlite" in databases:
            keep(kinds.killed(new_place(root / "sqlite", None), times(200), rng))
            keep(kinds.power_lost(new_place(root / "power", None), times(40), rng))
            row, how = kinds.disk_full(root, times(10))
            keep(row)
            keep(kinds.read_only(root, times(10)))
            place = new_place(root / "clock", None)
            keep(kinds.clock_moved_back(place, times(300), rng))
            keep(kinds.torn_tiles(place, times(60), rng))
        if "postgresql" in databases:
            url = stack.enter_context(postgres.server()).url
            place = new_place(root / "postgresql", url)
            keep(kinds.killed(place, times(200), rng))
            keep(kinds.server_killed(place, lambda: kill_and_start(url), times(10), rng))
            keep(postgres_kinds.tables_full(stack.enter_context(postgres.server()).url, root, times(10)))
            keep(postgres_kinds.journal_full(root, times(10)))
            keep(postgres_kinds.read_only_by_setting(stack.enter_context(postgres.server()).url, root, times(10)))
            keep(postgres_kinds.read_only_by_rights(root, times(10)))
    machine = {"processors": os.cpu_count(), "load": os.getloadavg()[0]}
    return {"machine": machine, "disk_filled_by": how, "rows": rows}


if __name__ == "__main__":
    sys.exit(main())
