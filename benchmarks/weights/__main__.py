"""`python -m benchmarks.weights`: whose copy a leaked file is, by its answers, by its weights, and by both.

Example:
    python -m benchmarks.weights --json weights.json
"""

import argparse
import json
import sys
import time
from pathlib import Path

from benchmarks.coalition.workshop import TESTS, open_workshop
from benchmarks.survival.data import FOLDER, DataMissing
from benchmarks.weights import tasks

_KINDS = ("logits", "labels", "weights", "logits+weights", "labels+weights")


def main() -> int:
    """Exit code: 0 done, 1 the images are missing."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.weights", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--json", type=Path, help="where to write the table")
    parser.add_argument("--data", type=Path, default=FOLDER, help="folder of the four image files")
    cache = Path.home() / ".cache" / "countermark" / "coalition"
    parser.add_argument("--cache", type=Path, default=cache, help="trained models, shared with benchmarks.coalition")
    chosen = parser.parse_args()
    begun = time.perf_counter()
    try:
        shop = open_workshop(chosen.data, chosen.cache)
    except DataMissing as error:
        print(error, file=sys.stderr)
        return 1
    rows, strengths, seen = tasks.run(shop, lambda line: print(f"\r{line:<50}", end="", file=sys.stderr, flush=True))
    result = {
        "benchmark": "weights",
        "dataset": "fashion-mnist",
        "alpha": shop.prepared.pack.alpha,
        "bits": shop.prepared.pack.bits,
        "tests": TESTS,
        "clean_accuracy": shop.clean_accuracy,
        "base_accuracy": shop.accuracy(shop.prepared.base),
        "wall_seconds": time.perf_counter() - begun,
        "rows": rows,
        "strengths": strengths,
        "seen": seen,
    }
    print(file=sys.stderr)
    print(f"{'attack':34}{'accuracy':>9}" + "".join(f"{kind:>16}" for kind in _KINDS))
    for row in rows:
        cells = [_cell(row.get("evidence", {}).get(kind)) for kind in _KINDS]
        print(f"{row['attack']:34}{row['accuracy']:9.4f}" + "".join(f"{cell:>16}" for cell in cells))
    print("score of the copy's own device; * named among a million\n")
    for row in [*strengths, *seen]:
        print(json.dumps(row))
    if chosen.json:
        chosen.json.write_text(json.dumps(result, indent=1) + "\n")
    return 0


def _cell(found: dict[str, object] | None) -> str:
    return "-" if found is None else f"{found['score']:.1f}{'*' if found['named'] else ' '}"


if __name__ == "__main__":
    sys.exit(main())
