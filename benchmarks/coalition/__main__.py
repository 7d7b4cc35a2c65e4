"""`python -m benchmarks.coalition`: whose copies were mixed, by each score, for growing coalitions.

Example:
    python -m benchmarks.coalition --json coalition.json
"""

import argparse
import json
import sys
import time
from pathlib import Path

from benchmarks.coalition import report, tasks
from benchmarks.coalition.workshop import DEVICES, RECIPE, RESISTED, TESTS, open_workshop
from benchmarks.survival.data import FOLDER, DataMissing


def main() -> int:
    """Exit code: 0 done, 1 the images are missing."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.coalition", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--json", type=Path, help="where to write the table")
    parser.add_argument("--data", type=Path, default=FOLDER, help="folder of the four image files")
    cache = Path.home() / ".cache" / "countermark" / "coalition"
    parser.add_argument("--cache", type=Path, default=cache, help="trained models; a later run starts from them")
    chosen = parser.parse_args()
    begun = time.perf_counter()
    try:
        shop = open_workshop(chosen.data, chosen.cache)
    except DataMissing as error:
        print(error, file=sys.stderr)
        return 1
    rows = tasks.run(shop, lambda line: print(f"\r{line:<60}", end="", file=sys.stderr, flush=True))
    result = {
        "benchmark": "coalition",
        "dataset": "fashion-mnist",
        "alpha": shop.prepared.pack.alpha,
        "bits": shop.prepared.pack.bits,
        "strength": RECIPE.strength,
        "devices": DEVICES,
        "tests": TESTS,
        "resisted": RESISTED,
        "probes": shop.prepared.pack.count,
        "clean_accuracy": shop.clean_accuracy,
        "wall_seconds": time.perf_counter() - begun,
        "rows": rows,
        "limits": report.limits(rows),
    }
    print(file=sys.stderr)
    print(report.text(result))
    if chosen.json:
        chosen.json.write_text(json.dumps(result, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
