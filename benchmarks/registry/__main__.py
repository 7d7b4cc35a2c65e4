"""`python -m benchmarks.registry --json FILE [--quick] [--only-appends]`: durable appends, proofs, audits, recovery.

Appends are compared with bare inserts of the same rows, turn by turn in one run (`appends.py`); proofs are made on one
log of 10^6 entries, under its checkpoints of 10, 10^2, ... entries (`growing.py`).
"""

import argparse
import json
import os
import platform
import sqlite3
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks import postgres
from benchmarks.registry.appends import appends
from benchmarks.registry.growing import audit_by_files, fill, proofs
from benchmarks.registry.picture import draw
from benchmarks.registry.recovery import audit, enrolled, recovery

PICTURE = Path(__file__).parents[2] / "docs" / "pictures" / "registry_cost.png"


def main() -> int:
    """Measure, draw, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, required=True, help="where the figures go")
    parser.add_argument("--quick", action="store_true", help="a small log and a tenth of the turns, about a minute")
    parser.add_argument("--entries", type=int, default=10**6, help="entries of the log")
    parser.add_argument("--devices", type=int, default=10**6, help="devices of the registry audited with its rows")
    parser.add_argument("--only-appends", action="store_true", help="measure appends anew, keep the file's other parts")
    given = parser.parse_args()
    start = time.perf_counter()
    entries, devices = (10**4, 2000) if given.quick else (given.entries, given.devices)
    share = 0.1 if given.quick else 1.0
    if given.only_appends:
        numbers = {**json.loads(given.json.read_text(encoding="utf-8")), **measure_appends(share)}
    else:
        numbers = measure(entries, devices, share=share)
        numbers["seconds"] = round(time.perf_counter() - start, 1)
    given.json.write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")
    if not (given.quick or given.only_appends):
        draw(numbers["proofs"], PICTURE)
    return 0


def measure_appends(share: float) -> dict[str, Any]:
    """Appends on both databases, and the machine that they ran on."""
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        rows = appends("sqlite", root, None, None, share)
        first, second = (stack.enter_context(postgres.server()).url for _ in range(2))
        rows += appends("postgresql", root, first, second, share)
    return {"machine": _machine(), "appends": rows}


def _machine() -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "processors": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
    }


def measure(entries: int, devices: int, *, share: float) -> dict[str, Any]:
    """All figures."""
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        appended = measure_appends(share)
        fill(root / "log", entries)
        print(f"{entries:,} entries", flush=True)
        made = proofs(root / "log", entries, share)
        by_files = audit_by_files(root / "log")
        tenant = enrolled(root / "rows", None, devices)
        by_operator = audit(root / "rows", None)
        third = stack.enter_context(postgres.server()).url
        small = enrolled(root / "postgresql", third, min(devices, 1000))
        kills = max(3, round(share * 10))
        recovered = [
            recovery(root / "rows", None, tenant, kills),
            recovery(root / "postgresql", third, small, kills),
        ]
    return {
        **appended,
        "proofs": made,
        "audit_by_files": by_files,
        "audit_with_rows": by_operator,
        "recovery": recovered,
    }


if __name__ == "__main__":
    sys.exit(main())
