"""Checkpoints: a training that was killed gives the same bits as one that was not."""

from dataclasses import replace

import pytest
import torch
from safetensors import safe_open
from torch import nn

from distill import artefact, checkpoint
from distill.checkpoint import Checkpoints
from distill.errors import CheckpointCorrupt, OtherTraining, SettingsError
from distill.loop import Settings, seeded, train
from distill.objectives import LogitMSE
from distill.optimisers import CATALOGUE
from tests.distill.beyond.children import SETTINGS, killed, network, trained


@pytest.fixture(scope="module")
def whole():
    """A training that nobody killed."""
    return trained(None)


def test_a_killed_training_goes_on_to_the_same_bits(tmp_path, whole):
    """kill -9 at the end of epoch 3, then of two more: model, losses and metrics are those of an unkilled run."""
    killed(trained, tmp_path, 3)
    assert checkpoint.read(tmp_path, _about(tmp_path)).epoch == 2
    killed(trained, tmp_path, 2)
    (tmp_path / f".{checkpoint.NAME}.1").write_bytes(b"half of a checkpoint")
    done = trained(tmp_path)
    assert artefact.to_bytes(done.model) == artefact.to_bytes(whole.model)
    assert done.history == whole.history


def _about(folder):
    """Which training the file says it is of."""
    with safe_open(folder / checkpoint.NAME, framework="pt") as opened:
        return checkpoint.canonical.decode(checkpoint.TAG, opened.metadata()["countermark"].encode())["training"]


@pytest.mark.parametrize("optimiser", CATALOGUE)
def test_every_optimiser_goes_on_to_the_same_bits(tmp_path, optimiser):
    """Stopped by an error of the caller after two epochs of four, batch normalisation and dropout in the model."""
    fresh = seeded(lambda: nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.Dropout(), nn.Linear(8, 4)), "s")
    x = torch.randn((50, 6), generator=torch.Generator().manual_seed(1))
    settings = Settings(epochs=4, batch_size=16, optimiser=optimiser, learning_rate=0.01)

    def run(evaluate=None, checkpoints=None):
        return train(
            fresh, x, x[:, :4], LogitMSE(), seed=("s",), settings=settings, evaluate=evaluate, checkpoints=checkpoints
        )

    def stop(model, left=[1, 1, 0]):  # noqa: B006 - counts its calls
        if not left.pop(0):
            raise KeyboardInterrupt
        return 0.0

    with pytest.raises(KeyboardInterrupt):
        run(stop, Checkpoints(folder=tmp_path))
    done = run(checkpoints=Checkpoints(folder=tmp_path, every=9))
    assert [epoch.metric for epoch in done.history] == [0.0, 0.0, None, None]
    assert artefact.to_bytes(done.model) == artefact.to_bytes(run().model)
    assert artefact.to_bytes(run(checkpoints=Checkpoints(folder=tmp_path)).model) == artefact.to_bytes(done.model)


def test_a_checkpoint_of_another_training_is_refused(tmp_path, whole):
    """The message says in what they differ."""
    trained(tmp_path)
    with pytest.raises(OtherTraining, match="other settings"):
        trained(tmp_path, settings=replace(SETTINGS, learning_rate=0.1))


def test_damage_is_one_clear_error(tmp_path):
    """A flipped bit, a cut file, another file: the file is named, and the way out."""
    trained(tmp_path)
    path = tmp_path / checkpoint.NAME
    data = path.read_bytes()
    flipped = bytearray(data)
    flipped[-3] ^= 1
    for wrong in (bytes(flipped), data[:-1], b"", artefact.to_bytes(network())):
        path.write_bytes(wrong)
        with pytest.raises(CheckpointCorrupt, match=r"training.safetensors .*remove the file"):
            trained(tmp_path)


def test_layers_randomness_is_the_trainings_own(whole):
    """Dropout draws from the training's words: the global generator neither decides nor moves."""
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    assert artefact.to_bytes(trained(None).model) == artefact.to_bytes(whole.model)
    assert torch.equal(before, torch.random.get_rng_state())


def test_an_unknown_optimiser_is_refused():
    """With the names that there are."""
    with pytest.raises(SettingsError, match="adam, adamw, sgd"):
        Settings(optimiser="adamax")
