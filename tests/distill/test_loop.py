"""The training loop: seeded, silent about nothing, and it leaves what it was given alone."""

import pytest
import torch
from torch import nn

from distill import outputs
from distill.errors import Diverged, SettingsError, ShapeError
from distill.loop import Settings, seeded, train
from distill.objectives import CrossEntropy, HintonKD

SHORT = Settings(epochs=3, batch_size=32)


def fresh():
    """The same untrained network every time."""
    return seeded(lambda: nn.Linear(6, 4), "tests", "loop")


def weights(model):
    """All parameters in one vector."""
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def test_the_same_seed_gives_the_same_model(task):
    """Bit for bit; another seed gives another model."""
    runs = [train(fresh(), task.inputs, task.labels, CrossEntropy(), seed=(s,), settings=SHORT) for s in "aab"]
    assert torch.equal(weights(runs[0].model), weights(runs[1].model))
    assert not torch.equal(weights(runs[0].model), weights(runs[2].model))


def test_nothing_given_is_changed(task):
    """Neither the model nor the global generator."""
    model, state = fresh(), torch.random.get_rng_state()
    before = weights(model).clone()
    train(model, task.inputs, task.labels, CrossEntropy(), seed=("a",), settings=SHORT)
    seeded(lambda: nn.Linear(2, 2), "x")
    assert torch.equal(weights(model), before)
    assert torch.equal(torch.random.get_rng_state(), state)


def test_history_is_a_value(task):
    """One row an epoch, the loss falls, the metric is what `evaluate` gave in evaluation mode."""
    modes = []

    def evaluate(model):
        modes.append(model.training)
        return float(len(modes))

    done = train(fresh(), task.inputs, task.labels, CrossEntropy(), seed=("a",), settings=SHORT, evaluate=evaluate)
    assert [epoch.number for epoch in done.history] == [1, 2, 3]
    assert done.history[-1].loss < done.history[0].loss
    assert [epoch.metric for epoch in done.history] == [1.0, 2.0, 3.0]
    assert modes == [False] * 3
    assert not done.model.training


def test_progress_goes_to_standard_error(task, capsys):
    """A caption on standard error when asked for, nothing on standard output."""
    train(fresh(), task.inputs, task.labels, CrossEntropy(), seed=("a",), settings=SHORT, progress="teaching")
    seen = capsys.readouterr()
    assert "teaching" in seen.err
    assert not seen.out


def test_distilling_pulls_towards_the_teacher(task):
    """After a little training the student's logits are closer to the targets than before."""
    targets = outputs.logits(task.teacher, task.inputs)
    done = train(
        fresh(), task.inputs, targets, HintonKD(), seed=("a",), settings=Settings(epochs=20, learning_rate=0.02)
    )
    before, after = (HintonKD()(model(task.inputs), targets).item() for model in (fresh(), done.model))
    assert after < before / 2


def test_bad_runs_are_refused(task):
    """Lengths that differ, nothing to learn from, impossible settings, a loss that explodes."""
    with pytest.raises(ShapeError):
        train(fresh(), task.inputs, task.labels[1:], CrossEntropy(), seed=("a",))
    with pytest.raises(ShapeError):
        train(fresh(), task.inputs[:0], task.labels[:0], CrossEntropy(), seed=("a",))
    for wrong in ({"epochs": 0}, {"batch_size": 0}, {"learning_rate": float("nan")}):
        with pytest.raises(SettingsError):
            Settings(**wrong)
    with pytest.raises(Diverged):
        train(fresh(), task.inputs * float("inf"), task.labels, CrossEntropy(), seed=("a",), settings=SHORT)
