"""Peak memory of a signed distillation over that of a plain one, each in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

from benchmarks.overhead.task import BATCH, ROWS, Task, word
from distill import outputs
from distill.loop import Settings, seeded, train
from distill.objectives import HintonKD


def memory_ratio(name: str) -> float:
    """Greatest resident memory, signed over plain."""
    return _peak(name, "signed") / _peak(name, "plain")


def _peak(name: str, way: str) -> float:
    run = [sys.executable, "-m", "benchmarks.overhead.memory", name, way]
    done = subprocess.run(run, capture_output=True, text=True, check=True)
    return float(json.loads(done.stdout)["peak"])


def main(name: str, way: str) -> None:
    """One distillation; prints the peak. The kit is made of an untrained base: what it holds is as large."""
    task = Task(name)
    if way == "signed":
        clean = tuple(seeded(task.student, "clean", number) for number in range(2))
        prepared = task.prepare(clean=2, epochs=2, given=clean)
        prepared.distil(word(prepared), seed=("copy",))
    else:
        inputs = task.inputs(ROWS)
        targets = outputs.logits(task.teacher(), inputs)
        settings = Settings(epochs=2, batch_size=BATCH)
        train(seeded(task.student, "s"), inputs, targets, HintonKD(), seed=("s",), settings=settings)
    print(json.dumps({"peak": _high_water()}))


def _high_water() -> int:
    """Greatest resident memory since the program was loaded, in kB; `getrusage` would count what its parent had."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0])


if __name__ == "__main__":
    main(*sys.argv[1:])
