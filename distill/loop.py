"""The one training loop. Every stream of randomness has a seed made of words; results come back as a value."""

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from tqdm import tqdm

from distill.errors import Diverged, SettingsError, ShapeError
from distill.objectives import Objective
from fingerprint import seeds


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How long and how fast.

    Attributes:
        epochs: passes over the inputs, at least 1.
        batch_size: at least 1.
        learning_rate: of Adam; falls to zero along a cosine.
    """

    epochs: int = 40
    batch_size: int = 128
    learning_rate: float = 2e-3

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch_size < 1 or not 0 < self.learning_rate < 10:
            raise SettingsError(f"epochs, batch size and learning rate must be positive: {self}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """One pass.

    Attributes:
        number: 1, 2, ...
        loss: mean over the samples.
        metric: of `evaluate` after the pass; None when nothing was evaluated.
    """

    number: int
    loss: float
    metric: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """What a training gave: the model in evaluation mode and every epoch on the way."""

    model: nn.Module
    history: tuple[Epoch, ...] = field(default=())


def seeded(factory: Callable[[], nn.Module], *words: seeds.Word) -> nn.Module:
    """A module whose initial weights are drawn from a seed made of words; the global generator is left as it was.

    Example:
        >>> a, b = (seeded(lambda: nn.Linear(2, 2), "student", 1) for _ in range(2))
        >>> torch.equal(a.weight, b.weight)
        True
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seeds.number(*words))
        return factory()


def train(
    model: nn.Module,
    inputs: Tensor,
    targets: Tensor,
    objective: Objective,
    *,
    seed: tuple[seeds.Word, ...],
    settings: Settings | None = None,
    evaluate: Callable[[nn.Module], float] | None = None,
    progress: str | None = None,
) -> Training:
    """A trained deep copy of `model`; the model given is left as it is.

    Args:
        model: any module, inputs -> logits.
        inputs: (n, ...).
        targets: (n, C) logits or (n,) class numbers, what `objective` takes.
        objective: see `distill.objectives`.
        seed: words that name this training; they order the batches.
        settings: epochs, batch size, learning rate.
        evaluate: called after every epoch with the model in evaluation mode.
        progress: caption of a progress bar on standard error; None for silence.

    Raises:
        ShapeError: inputs and targets of different lengths, or none.
        Diverged: the loss became NaN or infinite.
    """
    if len(inputs) != len(targets) or not len(inputs):
        raise ShapeError(f"{len(inputs)} inputs and {len(targets)} targets; give as many of both, at least one")
    chosen = settings or Settings()
    pupil = copy.deepcopy(model)
    optimiser = torch.optim.Adam(pupil.parameters(), lr=chosen.learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, chosen.epochs)
    order = torch.Generator().manual_seed(seeds.number("distill/loop/order", *seed))
    history: list[Epoch] = []
    for number in tqdm(range(1, chosen.epochs + 1), desc=progress, disable=progress is None, leave=False):
        batches = torch.split(torch.randperm(len(inputs), generator=order), chosen.batch_size)
        loss = _epoch(pupil, inputs, targets, batches, objective, optimiser)
        if not math.isfinite(loss):
            raise Diverged(f"the loss became {loss} in epoch {number}; lower the learning rate")
        schedule.step()
        pupil.eval()
        history.append(Epoch(number=number, loss=loss, metric=evaluate(pupil) if evaluate else None))
    return Training(model=pupil, history=tuple(history))


def _epoch(
    pupil: nn.Module,
    inputs: Tensor,
    targets: Tensor,
    batches: tuple[Tensor, ...],
    objective: Objective,
    optimiser: torch.optim.Optimizer,
) -> float:
    pupil.train()
    total = 0.0
    for batch in batches:
        loss = objective(pupil(inputs[batch]), targets[batch])
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves backward unannotated
        optimiser.step()
        total += float(loss.detach()) * len(batch)
    return total / len(inputs)
