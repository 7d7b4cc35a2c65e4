"""Time of a signed step over that of a plain one, and of preparing a release over one plain distillation.

Both sides of a ratio run in turns, in both orders; the figure is the median of the ratios of neighbours. Times are
the process's own processor time, on one thread.
"""

import time
from collections.abc import Callable
from statistics import median

import torch
from torch import Tensor, nn

from benchmarks.overhead.task import BATCH, ROWS, Task, word
from distill import outputs
from distill.loop import Settings, seeded, train
from distill.objectives import HintonKD
from distill.signing import Signature, SignedTeacher

PAIRS, STEPS, EPOCHS, REPEATS = 60, 10, 10, 3


def step_ratios(task: Task) -> tuple[float, float]:
    """Median ratios: with the teacher asked in every step, and with its outputs stored."""
    clean = tuple(seeded(task.student, "clean", number) for number in range(2))
    prepared = task.prepare(clean=2, epochs=1, given=clean)
    signature = Signature.of(prepared.kit, word(prepared))
    teacher = task.teacher()
    signed = SignedTeacher(teacher, features="body", signature=signature).eval()
    inputs = task.inputs(ROWS)
    plain_targets = prepared.teacher_logits
    signed_targets = outputs.logits(signed, inputs)
    live = paired(_stepping(task, inputs, teacher), _stepping(task, inputs, signed), PAIRS)
    stored = paired(_stepping(task, inputs, plain_targets), _stepping(task, inputs, signed_targets), PAIRS)
    return live, stored


def prepare_ratio(task: Task, *, clean: int) -> float:
    """Median of preparing a release with so many clean students over one plain distillation, teacher asked once."""
    settings = Settings(epochs=EPOCHS, batch_size=BATCH)

    def plain() -> None:
        inputs = task.inputs(ROWS)
        targets = outputs.logits(task.teacher(), inputs)
        train(seeded(task.student, "s"), inputs, targets, HintonKD(), seed=("s",), settings=settings)

    return paired(plain, lambda: task.prepare(clean=clean, epochs=EPOCHS), REPEATS)


def paired(plain: Callable[[], object], other: Callable[[], object], pairs: int) -> float:
    """Median of other over plain, run in turns after one of each to warm up."""
    _seconds(plain), _seconds(other)
    ratios = []
    for number in range(pairs):
        if number % 2:
            first, second = _seconds(other), _seconds(plain)
        else:
            second, first = _seconds(plain), _seconds(other)
        ratios.append(first / second)
    return median(ratios)


def _seconds(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def _stepping(task: Task, inputs: Tensor, source: nn.Module | Tensor) -> Callable[[], None]:
    """A few steps of a distillation: targets, forward, backward, Adam."""
    student = seeded(task.student, "benchmarks/overhead", "steps").train()
    optimiser = torch.optim.Adam(student.parameters(), lr=1e-3)
    objective, order = HintonKD(), torch.Generator().manual_seed(1)

    def run() -> None:
        for _ in range(STEPS):
            rows = torch.randint(len(inputs), (BATCH,), generator=order)
            with torch.no_grad():
                targets = source[rows] if isinstance(source, Tensor) else source(inputs[rows])
            loss = objective(student(inputs[rows]), targets)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()

    return run
