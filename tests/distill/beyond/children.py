"""What the killed processes of these tests run. They are real processes, killed by a real SIGKILL."""

import multiprocessing
import os
import signal
from collections import OrderedDict
from pathlib import Path

import torch
from torch import nn

from distill import artefact
from distill.checkpoint import Checkpoints
from distill.loop import Settings, seeded, train
from distill.objectives import HintonKD, LogitMSE
from distill.stored import stored

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["distill.release", "distill.stored"])  # torch is loaded once for all children
SETTINGS = Settings(epochs=5, batch_size=32, optimiser="adamw")
BLOCK = 40


def network(width=16):
    """With dropout, so that the training depends on layers' own randomness."""
    body = nn.Sequential(nn.Linear(6, width), nn.ReLU(), nn.Dropout(0.2))
    return nn.Sequential(OrderedDict(body=body, head=nn.Linear(width, 4)))


def inputs(count=200):
    """The same rows in every process."""
    return torch.randn((count, 6), generator=torch.Generator().manual_seed(3))


class Dying(nn.Module):
    """A network; from the call with that number on it does not answer, its process is dead."""

    def __init__(self, survives):
        super().__init__()
        self.net, self.left = seeded(network, "teacher"), survives

    def forward(self, rows):
        """Scores."""
        if not self.left:
            os.kill(os.getpid(), signal.SIGKILL)
        self.left -= 1
        return self.net(rows)

    def extra_repr(self):
        """Nothing: the teacher is the same however long its process lives."""
        return ""


def kept(folder, survives):
    """Store the teacher's outputs, or die in the attempt."""
    torch.set_num_threads(1)
    return stored(Dying(survives), inputs(), "net.body", folder=folder, rows=BLOCK)


def trained(folder, last=99, settings=SETTINGS):
    """Train with a checkpoint after every epoch; die at the end of epoch `last`, before its checkpoint."""
    torch.set_num_threads(1)
    epochs = []

    def evaluate(model):
        epochs.append(model)
        if len(epochs) == last:
            os.kill(os.getpid(), signal.SIGKILL)
        return float(model(inputs()[:1]).detach().sum())

    targets = seeded(network, "teacher").eval()(inputs()).detach()
    return train(
        seeded(network, "student"), inputs(), targets, HintonKD(), seed=("killed",), settings=settings,
        evaluate=evaluate, checkpoints=None if folder is None else Checkpoints(folder=folder),
    )  # fmt: skip


def killed(work, *arguments):
    """Run it in a process of its own, which must die of SIGKILL."""
    child = PROCESSES.Process(target=work, args=arguments)
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL


def copied(job):
    """A job `FOLDER NAME`: train with the name as seed; its worker dies the first time, when the name says so."""
    folder, name = job.split()
    mark = Path(folder) / name
    if name.startswith("dies") and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if name == "always":
        os.kill(os.getpid(), signal.SIGKILL)
    settings = Settings(epochs=2, batch_size=32, learning_rate=20.0 * float("inf") if name == "wrong" else 2e-3)
    done = train(seeded(network, name), inputs(), inputs()[:, :4], LogitMSE(), seed=(name,), settings=settings)
    return artefact.digest(artefact.to_bytes(done.model))
