"""`python -m benchmarks.false_accusation --json FILE`: exit code 1 if any rate is above its nominal alpha."""

import argparse
import json
import sys
import time
from pathlib import Path

import torch
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from api.demo import model
from benchmarks.false_accusation import suspects, trials
from fingerprint import seeds

FLEET_ALPHAS = (1e-1, 1e-2, 1e-3)
SIGNIFICANCE = 1e-3  # for all rows together: a correct program fails once in a thousand runs


def main() -> int:
    """Run, print the pooled rows, write all rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, required=True, help="where the rows go")
    parser.add_argument("--trials", type=int, default=250_000, help="fresh codewords for each suspect")
    given = parser.parse_args()
    started = time.monotonic()
    torch.set_num_threads(1)
    with threadpool_limits(1):
        rows = _measure(max(1, given.trials // trials.FLEET) * trials.FLEET)
    every = trials.pooled(rows) + rows
    excess = [row for row in every if row.excess_p < SIGNIFICANCE / len(every)]
    numbers = {
        "suspects": len({row.suspect for row in rows}),
        "seconds": time.monotonic() - started,
        "confidence": trials.CONFIDENCE,
        "fleet": trials.FLEET,
        "above_nominal": len(excess),
        "rows": [row.fields() for row in every],
    }
    given.json.write_text(json.dumps(numbers, indent=1), encoding="utf-8")
    for row in every[: len(every) - len(rows)]:
        print(f"{row.bound:22} alpha {row.alpha:.0e}  observed {row.observed:.2e}  <= {row.upper:.2e}  of {row.trials}")
    print(f"{numbers['suspects']} suspects, {len(excess)} rates above nominal, {numbers['seconds']:.0f} s")
    return int(bool(excess))


def _measure(count: int) -> list[trials.Row]:
    built = model.build(seeds.xof(b"release key of the benchmark", "digits", length=32), progress=False)
    plans = {alpha: suspects.plan(built, alpha) for alpha in FLEET_ALPHAS}
    rows: list[trials.Row] = []
    for accused in tqdm(suspects.line_up(built), desc="suspects", file=sys.stderr):
        rows += trials.count(accused.name, accused.group, accused.evidence, accused.looks, count, plans)
    return rows


if __name__ == "__main__":
    sys.exit(main())
