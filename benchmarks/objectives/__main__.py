"""`python -m benchmarks.objectives`: accuracy and score of every objective, and whether its paper's claim holds here.

Example:
    python -m benchmarks.objectives --json objectives.json --only ltkd --keep
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.objectives import (
    cross_encoders,
    fedema,
    hyperspectral,
    kd,
    long_tail,
    policies,
    prectr,
    repulsion,
    roots,
)
from benchmarks.objectives.judging import DEVICES
from benchmarks.objectives.trial import STRENGTH, Row
from benchmarks.survival.data import DataMissing

SYSTEMS: dict[str, Callable[[], Iterator[Row]]] = {
    "kd": kd.rows,
    "ltkd": long_tail.rows,
    "cross_encoders": cross_encoders.rows,
    "prectr": prectr.rows,
    "repulsion": repulsion.rows,
    "rlad": policies.rows,
    "fedema": fedema.rows,
    "roots": roots.rows,
    "hyperspectral": hyperspectral.rows,
}


def main() -> int:
    """Exit code: 0 done, 1 the images are missing."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.objectives", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--json", type=Path, help="where to write the rows")
    parser.add_argument("--only", choices=sorted(SYSTEMS), action="append", help="one system; may be repeated")
    parser.add_argument("--keep", action="store_true", help="keep the file's rows of systems that are not run")
    chosen = parser.parse_args()
    begun = time.perf_counter()
    found: list[Row] = []
    try:
        for name in chosen.only or SYSTEMS:
            for row in SYSTEMS[name]():
                found.append(row)
                print(f"{row.system:10} {row.variant:36} {row.own_metric:.4f} t {row.score:5.1f} {row.why}", flush=True)
    except DataMissing as error:
        print(error, file=sys.stderr)
        return 1
    rows = [row.plain() for row in found]
    if chosen.keep and chosen.json and chosen.json.exists():
        rows = merged(json.loads(chosen.json.read_text(encoding="utf-8"))["rows"], rows)
    result: dict[str, Any] = {"benchmark": "objectives", "devices": DEVICES, "strength": STRENGTH}
    if not chosen.only:  # how long it takes is said of whole runs alone
        result |= {"processor_seconds": round(time.process_time()), "wall_seconds": round(time.perf_counter() - begun)}
    result["rows"] = rows
    if chosen.json:
        chosen.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return 0


def merged(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The old rows of systems that were not run again, then the new ones.

    Example:
        >>> merged([{"system": "KD"}, {"system": "LTKD", "score": 1}], [{"system": "LTKD", "score": 2}])
        [{'system': 'KD'}, {'system': 'LTKD', 'score': 2}]
    """
    again = {row["system"] for row in new}
    return [row for row in old if row["system"] not in again] + new


if __name__ == "__main__":
    sys.exit(main())
