"""Peak memory of a signed distillation over that of a plain one, each in a process of its own.

On the CPU it is the process's greatest resident memory, on CUDA the greatest that PyTorch has held on the device.
"""

import json
import subprocess
import sys
from pathlib import Path
from statistics import median

import torch

from benchmarks.overhead.task import Task, word
from distill import outputs
from distill.loop import seeded, train
from distill.objectives import HintonKD

RUNS = 3


def memory_ratio(task: Task) -> float:
    """Greatest memory, signed over plain, medians of three processes each: an allocator leaves gaps as it happens."""
    signed, plain = (median(_peak(task, way) for _ in range(RUNS)) for way in ("signed", "plain"))
    return signed / plain


def _peak(task: Task, way: str) -> float:
    run = [sys.executable, "-m", "benchmarks.overhead.memory", task.name, task.device, way]
    done = subprocess.run(run, capture_output=True, text=True, check=True)
    return float(json.loads(done.stdout)["peak"])


def main(name: str, device: str, way: str) -> None:
    """One distillation; prints the peak. The kit is made of an untrained base: what it holds is as large."""
    if device == "cpu":
        torch.set_num_threads(1)
    task = Task(name, device)
    if way == "signed":
        clean = tuple(seeded(task.student, "clean", number) for number in range(2))
        prepared = task.prepare(clean=2, epochs=2, given=clean)
        prepared.distil(word(prepared), seed=("copy",))
    else:
        inputs = task.inputs()
        if device == "cpu":
            targets = outputs.logits(task.teacher(), inputs)
        else:
            targets, _ = outputs.with_features(task.teacher(), inputs, "body", task.computing)
        train(
            seeded(task.student, "s"), inputs, targets, HintonKD(), seed=("s",), settings=task.settings(2),
            computing=task.computing,
        )  # fmt: skip
    print(json.dumps({"peak": _high_water() if device == "cpu" else torch.cuda.max_memory_allocated()}))


def _high_water() -> int:
    """Greatest resident memory since the program was loaded, in kB; `getrusage` would count what its parent had."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0])


if __name__ == "__main__":
    main(*sys.argv[1:])
