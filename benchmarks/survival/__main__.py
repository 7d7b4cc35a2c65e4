"""`python -m benchmarks.survival`: what is left of a signature after every attack, in every form of answer.

Example:
    python -m benchmarks.survival --dataset fashion-mnist --json survival.json --picture survival.png
    python -m benchmarks.survival --quick --json quick.json
"""

import argparse
import json
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks.survival import report, tasks
from benchmarks.survival.data import FOLDER, DataMissing, load
from benchmarks.survival.plan import FULL, METHODS, QUICK
from distill.survival import DEVICES

SCHEMES = tuple(METHODS)


def main() -> int:
    """Exit code: 0 done, 1 the images are missing."""
    chosen = _arguments()
    plan = QUICK if chosen.quick else FULL
    try:
        load(plan.sizes, chosen.data)
    except DataMissing as error:
        print(error, file=sys.stderr)
        return 1
    begun = time.perf_counter()
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # one thread a worker; must be set before a worker loads its BLAS
    with ProcessPoolExecutor(chosen.workers, mp_context=get_context("spawn")) as executor:
        spent, rows = tasks.run(
            executor, plan, images=chosen.data, results=chosen.cache, schemes=tuple(chosen.schemes), say=_say
        )
    result = _result(chosen, rows, {"wall_seconds": time.perf_counter() - begun, "processor_seconds": spent})
    print(file=sys.stderr)
    print(report.text(result))
    if chosen.json:
        chosen.json.write_text(json.dumps(result, indent=1) + "\n")
    if chosen.picture:
        report.picture(result, chosen.picture)
    return 0


def _result(chosen: argparse.Namespace, rows: list[tasks.Row], spent: dict[str, float]) -> dict[str, Any]:
    plan = QUICK if chosen.quick else FULL
    return {
        "benchmark": "survival",
        "dataset": chosen.dataset,
        "plan": plan.name,
        "strength": plan.recipe.strength,
        "components": plan.recipe.components,
        "devices": DEVICES,
        "alpha": plan.recipe.alpha,
        "workers": chosen.workers,
        **spent,
        "rows": [row for row in rows if "curve" not in row],
        "trade_off": [row for row in rows if "curve" in row],
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.survival", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--dataset", choices=["fashion-mnist"], default="fashion-mnist")
    parser.add_argument("--quick", action="store_true", help="a ninth of the images, perceptron students, minutes")
    parser.add_argument("--json", type=Path, help="where to write the table")
    parser.add_argument("--picture", type=Path, help="where to draw attack against observation (PNG or SVG)")
    parser.add_argument("--schemes", nargs="+", choices=SCHEMES, default=list(SCHEMES))
    parser.add_argument("--workers", type=int, default=2, help="processes, one thread each")
    parser.add_argument("--data", type=Path, default=FOLDER, help="folder of the four image files")
    cache = Path.home() / ".cache" / "countermark" / "survival"
    parser.add_argument("--cache", type=Path, default=cache, help="trained models; an interrupted run goes on from it")
    return parser.parse_args()


def _say(line: str) -> None:
    print(f"\r{line:<60}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
