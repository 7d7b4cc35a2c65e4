"""The one training loop. Every stream of randomness has a seed made of words; results come back as a value."""

import copy
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, is_dataclass
from typing import Any

import torch
from torch import Tensor, nn
from tqdm import tqdm

from distill import artefact, checkpoint, optimisers
from distill.checkpoint import Checkpoints
from distill.computing import PLAIN, Computing
from distill.errors import Diverged, SettingsError, ShapeError
from distill.objectives import Objective
from distill.run import Run
from distill.teams import ALONE, Team
from fingerprint import canonical, seeds


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How long and how fast.

    Attributes:
        epochs: passes over the inputs, at least 1.
        batch_size: at least 1.
        learning_rate: at the beginning; falls to zero along a cosine.
        optimiser: one of `distill.optimisers.CATALOGUE`.
    """

    epochs: int = 40
    batch_size: int = 128
    learning_rate: float = 2e-3
    optimiser: str = "adam"

    def __post_init__(self) -> None:
        if self.optimiser not in optimisers.CATALOGUE:
            raise SettingsError(f"optimiser {self.optimiser!r} is none of {', '.join(optimisers.CATALOGUE)}")
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
    checkpoints: Checkpoints | None = None,
    computing: Computing = PLAIN,
    team: Team = ALONE,
) -> Training:
    """A trained deep copy of `model`; the model given is left as it is.

    Args:
        model: any module, inputs -> logits.
        inputs: (n, ...).
        targets: (n, C) logits or (n,) class numbers, what `objective` takes.
        objective: see `distill.objectives`.
        seed: words that name this training; they order the batches and draw dropout.
        settings: epochs, batch size, learning rate, optimiser.
        evaluate: called after every epoch with the model in evaluation mode.
        progress: caption of a progress bar on standard error; None for silence.
        checkpoints: where to leave the state and to go on from; None to keep none.
        computing: processor, dtype, compiler.
        team: the processes that train together.

    Raises:
        ShapeError: inputs and targets of different lengths, or none.
        Diverged: the loss became NaN or infinite.
        CheckpointError: a damaged checkpoint, or one of another training.
    """
    if len(inputs) != len(targets) or not len(inputs):
        raise ShapeError(f"{len(inputs)} inputs and {len(targets)} targets; give as many of both, at least one")
    chosen = settings or Settings()
    with _own_randomness(seed, computing):
        run = _begin(model, chosen, seed, computing, team)
        about = _about(model, inputs, targets, objective, chosen, seed) if checkpoints else {}
        if checkpoints and (state := checkpoint.read(checkpoints.folder, about)):
            run.go_on(state)
        left = range(len(run.history) + 1, chosen.epochs + 1)
        quiet = progress is None or not team.first
        for number in tqdm(left, progress, chosen.epochs, initial=len(run.history), disable=quiet, leave=False):
            loss = _epoch(run, inputs, targets, objective, chosen, computing)
            if not math.isfinite(loss):
                raise Diverged(f"the loss became {loss} in epoch {number}; lower the learning rate")
            run.schedule.step()
            run.model.eval()
            run.history.append((number, loss, evaluate(run.model) if evaluate else None))
            if checkpoints and (number % checkpoints.every == 0 or number == chosen.epochs):
                _keep(run, checkpoints, about)
        history = tuple(Epoch(number=number, loss=loss, metric=metric) for number, loss, metric in run.history)
        return Training(model=_finished(model, run), history=history)


@contextmanager
def _own_randomness(seed: tuple[seeds.Word, ...], computing: Computing) -> Iterator[None]:
    """Draws of layers such as dropout come from the training's words; the global generator is left as it was."""
    device = torch.device(computing.processor)
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seeds.number("distill/loop/layers", *seed))
        yield


def _begin(model: nn.Module, settings: Settings, seed: tuple[seeds.Word, ...], computing: Computing, team: Team) -> Run:
    pupil = computing.place(copy.deepcopy(model))
    called = team.share(pupil)
    optimiser = optimisers.CATALOGUE[settings.optimiser](pupil.parameters(), settings.learning_rate)
    return Run(
        model=pupil,
        called=called,
        optimiser=optimiser,
        schedule=torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, settings.epochs),
        order=torch.Generator().manual_seed(seeds.number("distill/loop/order", *seed)),
        team=team,
    )


def _epoch(
    run: Run, inputs: Tensor, targets: Tensor, objective: Objective, settings: Settings, computing: Computing
) -> float:
    run.model.train()
    losses = []  # read when the epoch is over: reading one waits for a CUDA device
    for batch in torch.split(torch.randperm(len(inputs), generator=run.order), settings.batch_size):
        rows, wanted = computing.send(inputs[batch]), computing.send(targets[batch])
        with computing.autocast():
            scores = run.team.scores(run.called, rows)
        loss = objective(scores.to(torch.float32) if scores.dtype == torch.bfloat16 else scores, wanted)
        run.optimiser.zero_grad()
        run.team.backward(loss)
        run.optimiser.step()
        losses.append((loss.detach(), len(batch)))
    return sum(float(loss) * count for loss, count in losses) / len(inputs)


def _keep(run: Run, checkpoints: Checkpoints, about: dict[str, Any]) -> None:
    state = run.state()  # by every process: a part of it may lie with each
    if run.team.first:
        checkpoint.write(checkpoints.folder, state, about)


def _finished(model: nn.Module, run: Run) -> nn.Module:
    """A plain module on the CPU, without what a team or a compiler put around it."""
    trained = copy.deepcopy(model)
    trained.load_state_dict(run.weights())
    return trained.eval()


def _about(
    model: nn.Module,
    inputs: Tensor,
    targets: Tensor,
    objective: Objective,
    settings: Settings,
    seed: tuple[seeds.Word, ...],
) -> dict[str, Any]:
    """Which training this is: what a checkpoint must agree with before it is gone on from."""
    return {
        "model": canonical.digest(str(model).encode() + artefact.to_bytes(model)),
        "inputs": checkpoint.digest({"inputs": inputs}),
        "targets": checkpoint.digest({"targets": targets}),
        "objective": repr(objective) if is_dataclass(objective) else getattr(objective, "__qualname__", "unnamed"),
        "settings": asdict(settings),
        "seed": repr(seed),
    }
