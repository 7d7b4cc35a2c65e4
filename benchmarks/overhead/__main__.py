"""`python -m benchmarks.overhead`: what signing costs in time and memory, as ratios within one run.

Example:
    python -m benchmarks.overhead --json overhead.json
    python -m benchmarks.overhead --device cuda --json overhead_cuda.json
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import torch
from threadpoolctl import threadpool_limits

from benchmarks.overhead.memory import memory_ratio
from benchmarks.overhead.steps import PAIRS, REPEATS, STEPS, prepare_ratios, step_ratios
from benchmarks.overhead.task import SIZES, Task


def main() -> int:
    """Exit code 0."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.overhead", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--json", type=Path, help="where to write the rows")
    parser.add_argument("--only", choices=sorted(SIZES), help="one size; the file keeps the others' rows")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="where the numbers are computed")
    chosen = parser.parse_args()
    if chosen.device == "cpu":
        torch.set_num_threads(1)
        threadpool_limits(1)  # NumPy's and SciPy's: what a second thread spins would be counted too
    found = {row["model"]: row for row in _kept(chosen.json)} if chosen.only else {}
    found |= {name: _row(Task(name, chosen.device)) for name in SIZES if chosen.only in (None, name)}
    rows = [found[name] for name in SIZES if name in found]
    device = "cpu" if chosen.device == "cpu" else torch.cuda.get_device_name()
    result = {"benchmark": "overhead", "device": device, "pairs": PAIRS, "steps": STEPS, "repeats": REPEATS}
    result["rows"] = rows
    if chosen.json:
        chosen.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return 0


def _kept(path: Path | None) -> list[dict[str, Any]]:
    """Rows that an earlier run wrote."""
    if path is None or not path.exists():
        return []
    rows: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["rows"]
    return rows


def _row(task: Task) -> dict[str, Any]:
    row = {
        "model": task.name,
        "parameters": sum(parameter.numel() for parameter in task.student().parameters()),
        **step_ratios(task),
        **(prepare_ratios(task) if task.device == "cpu" else {}),  # on CUDA compiling a student takes longer than all
        "memory_ratio": memory_ratio(task),
    }
    print(json.dumps(row), flush=True)
    return row


if __name__ == "__main__":
    sys.exit(main())
