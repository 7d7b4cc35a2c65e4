"""What every process of a team runs: `torchrun tests/distill/beyond/team.py FOLDER [cuda]`. A model for each way."""

import sys
from pathlib import Path

import torch
from torch import nn

from distill import artefact, together
from distill.checkpoint import Checkpoints
from distill.computing import PLAIN, Computing
from distill.loop import Settings, seeded, train
from distill.objectives import LTKD
from distill.teams import ALONE

SETTINGS = Settings(epochs=3, batch_size=32)  # 75 rows: the last batch of 11 is not shared out evenly


class Stopped(Exception):
    """Raised in the middle of a training."""


def fit(team=ALONE, *, evaluate=None, checkpoints=None, computing=PLAIN):
    """An objective that looks across the rows of a batch."""
    torch.set_num_threads(1)
    fresh = seeded(lambda: nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 4)), "together")
    x = torch.randn((75, 6), generator=torch.Generator().manual_seed(1))
    return train(
        fresh, x, 2 * x[:, :4], LTKD((0, 0, 1, 1)), seed=("together",), settings=SETTINGS, team=team,
        evaluate=evaluate, checkpoints=checkpoints, computing=computing,
    )  # fmt: skip


def stopping(team, folder, computing):
    """Stop after two epochs, then go on from the checkpoint."""
    calls = []

    def stop(model):
        calls.append(model)
        if len(calls) == 3:
            raise Stopped
        return 0.0

    kept = Checkpoints(folder=folder)
    try:
        fit(team, evaluate=stop, checkpoints=kept, computing=computing)
    except Stopped:
        return fit(team, checkpoints=kept, computing=computing)
    raise AssertionError


def main(folder, processor="cpu"):
    """Each way, whole and gone on with."""
    computing = Computing(processor=processor)
    with together.joined():
        for way in together.WAYS:
            team = together.Together(way)
            resumed = stopping(team, folder / way, computing)
            for name, done in (("whole", fit(team, computing=computing)), ("resumed", resumed)):
                if team.first:
                    (folder / f"{way}-{name}.safetensors").write_bytes(artefact.to_bytes(done.model))
    together.leave()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
