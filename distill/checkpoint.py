"""A training's state as one file: tensors as safetensors, the rest as JSON in its header. Nothing is pickled.

    model.NAME                   parameters and buffers
    optimiser.NAME.FIELD         what the optimiser keeps of a parameter, for example both moments of Adam
    random.order, random.global  states of the generator that orders batches and of PyTorch's own (dropout), bytes
    header                       epoch, rates, history, digest of the tensors, and which training it is

The file is replaced in one step after an epoch, so that a kill leaves the state of the last whole epoch. A training
that goes on from it gives the same bits as one that was never stopped.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from distill import atomic
from distill.errors import CheckpointCorrupt, OtherTraining
from fingerprint import canonical
from fingerprint.errors import CanonicalMalformed
from fingerprint.tensorfile import METADATA_KEY

TAG = "countermark/training-checkpoint"
NAME = "training.safetensors"
_WAY_OUT = "remove the file to train from the beginning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoints:
    """Where a training leaves its state and goes on from.

    Attributes:
        folder: of this training alone; made if it is missing.
        every: after every how many epochs; the last one is always kept.
    """

    folder: Path
    every: int = 1


@dataclass(frozen=True, kw_only=True)
class State:
    """Everything that the rest of a training depends on.

    Attributes:
        epoch: passes done.
        history: (number, loss, metric) of each.
        rates: learning rate of each group of parameters.
        tensors: see the head of this module.
    """

    epoch: int
    history: tuple[tuple[int, float, float | None], ...]
    rates: tuple[float, ...]
    tensors: Mapping[str, Tensor]


def write(folder: Path, state: State, training: Mapping[str, Any]) -> None:
    """Replace the folder's checkpoint.

    Args:
        folder: made if it is missing.
        state: after an epoch.
        training: which training this is, plain JSON values; `read` compares them.
    """
    tensors = {name: state.tensors[name].detach().cpu().contiguous().clone() for name in sorted(state.tensors)}
    fields = {
        "epoch": state.epoch,
        "history": [list(row) for row in state.history],
        "rates": list(state.rates),
        "training": dict(training),
        "tensors": digest(tensors),
    }
    folder.mkdir(parents=True, exist_ok=True)
    header = canonical.encode(TAG, fields).decode()
    atomic.write(folder / NAME, bytes(save(tensors, metadata={METADATA_KEY: header})), mode=0o600)


def read(folder: Path, training: Mapping[str, Any]) -> State | None:
    """The state in the folder, on the CPU; None where there is none yet.

    Raises:
        CheckpointCorrupt: the file is damaged.
        OtherTraining: it belongs to another training; the message says in what it differs.
    """
    path = folder / NAME
    if not path.exists():
        return None
    try:
        with safe_open(path, framework="pt") as opened:
            fields = canonical.decode(TAG, opened.metadata()[METADATA_KEY].encode())
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 - no mapping
    except (SafetensorError, CanonicalMalformed, KeyError, TypeError, OSError) as error:
        raise CheckpointCorrupt(f"{path} is no checkpoint ({error}); {_WAY_OUT}") from error
    if digest(tensors) != fields["tensors"]:
        raise CheckpointCorrupt(f"{path} is damaged: its tensors have another digest than its header says; {_WAY_OUT}")
    _check_same(path, fields["training"], json.loads(json.dumps(dict(training))))
    return State(
        epoch=int(fields["epoch"]),
        history=tuple((int(n), float(loss), None if m is None else float(m)) for n, loss, m in fields["history"]),
        rates=tuple(map(float, fields["rates"])),
        tensors=tensors,
    )


def _check_same(path: Path, found: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    other = sorted(name for name in {*found, *wanted} if found.get(name) != wanted.get(name))
    if other:
        raise OtherTraining(
            f"{path} is of a training with other {', '.join(other)}; {_WAY_OUT}, or choose another folder"
        )


def digest(tensors: Mapping[str, Tensor]) -> str:
    """`sha256:` and SHA-256 over names, types, shapes and bytes, in the order of the names."""
    found = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name]
        found.update(f"{name} {tensor.dtype} {tuple(tensor.shape)};".encode())
        found.update(bytes_of(tensor))
    return "sha256:" + found.hexdigest()


def bytes_of(tensor: Tensor) -> memoryview:
    """The tensor's bytes in row-major order, whatever its type."""
    return tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data
