"""Time of a signed step over that of a plain one, and of preparing a release over one plain distillation.

Both sides of a ratio run in turns, in both orders; the figure is the median of the ratios of neighbours. On the CPU
times are the process's own processor time, on one thread; on CUDA they are the clock's, to the end of all kernels.
"""

import time
from collections.abc import Callable
from statistics import median

import torch
from torch import Tensor, nn

from benchmarks.overhead.task import Task, word
from distill import outputs
from distill.loop import seeded, train
from distill.objectives import HintonKD
from distill.signing import Signature, SignedTeacher
from distill.student_side import folded_teacher

PAIRS, STEPS, EPOCHS, REPEATS = 60, 10, 10, 7
Step = Callable[[], None]


def step_ratios(task: Task) -> dict[str, float]:
    """Median ratios: signature folded into the last layer, added behind a hook, and with the outputs stored."""
    clean = tuple(seeded(task.student, "clean", number) for number in range(2))
    prepared = task.prepare(clean=2, epochs=1, given=clean)
    signature = Signature.of(prepared.kit, word(prepared))
    teacher, inputs = task.teacher(), task.inputs()
    folded = folded_teacher(teacher, features="body", head="head", signature=signature, example=inputs[:8])
    hooked = SignedTeacher(teacher, features="body", signature=signature).eval()
    stored = prepared.teacher_logits, outputs.logits(folded, inputs)
    del prepared
    pairs = {"step_ratio": (teacher, folded), "step_ratio_hook": (teacher, hooked), "step_ratio_stored": stored}
    return {
        name: paired(_stepping(task, inputs, plain), _stepping(task, inputs, signed), PAIRS, task.device)
        for name, (plain, signed) in pairs.items()
    }


def prepare_ratios(task: Task) -> dict[str, float]:
    """Median of preparing a release over one plain distillation of as many passes, student and optimiser the same.

    Plain is a distillation of plain steps, which asks the teacher in each; or, for the stricter two, one that asked
    it once for all inputs, as preparing a release does.
    """

    def plain() -> None:
        inputs = task.inputs()
        steps = EPOCHS * -(-len(inputs) // task.batch)
        _stepping(task, inputs, task.teacher(), steps)()

    def plain_stored() -> None:
        inputs = task.inputs()
        targets, _ = outputs.with_features(task.teacher(), inputs, "body", task.computing)
        train(
            seeded(task.student, "s"), inputs, targets, HintonKD(), seed=("s",), settings=task.settings(EPOCHS),
            computing=task.computing,
        )  # fmt: skip

    three, two = (lambda clean=clean: task.prepare(clean=clean, epochs=EPOCHS) for clean in (3, 2))
    pairs = {
        "prepare_ratio": (plain, three),
        "prepare_ratio_stored": (plain_stored, three),
        "prepare_ratio_two_clean": (plain_stored, two),
    }
    return {name: paired(*both, REPEATS, task.device) for name, both in pairs.items()}


def paired(plain: Callable[[], object], other: Callable[[], object], pairs: int, device: str = "cpu") -> float:
    """Median of other over plain, run in turns after one of each to warm up."""
    _seconds(plain, device), _seconds(other, device)
    ratios = []
    for number in range(pairs):
        if number % 2:
            first, second = _seconds(other, device), _seconds(plain, device)
        else:
            second, first = _seconds(plain, device), _seconds(other, device)
        ratios.append(first / second)
    return median(ratios)


def _seconds(work: Callable[[], object], device: str) -> float:
    clock = time.process_time if device == "cpu" else time.perf_counter
    begun = clock()
    work()
    if device == "cuda":
        torch.cuda.synchronize()
    return clock() - begun


def _stepping(task: Task, inputs: Tensor, source: nn.Module | Tensor, steps: int = STEPS) -> Step:
    """A few steps of a distillation: targets, forward, backward, Adam."""
    computing = task.computing
    student = computing.place(seeded(task.student, "benchmarks/overhead", "steps").train())
    optimiser = torch.optim.Adam(student.parameters(), lr=1e-3)
    objective, order = HintonKD(), torch.Generator().manual_seed(1)
    if isinstance(source, nn.Module):
        source = computing.place(source)

    def run() -> None:
        for _ in range(steps):
            rows = torch.randint(len(inputs), (task.batch,), generator=order)
            shown = computing.send(inputs[rows])
            with computing.autocast():
                with torch.no_grad():
                    targets = computing.send(source[rows]) if isinstance(source, Tensor) else source(shown)
                scores = student(shown)
            loss = objective(scores.float(), targets.float())
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()

    return run
