"""Trained weights and suspects' answers on disk, so that an interrupted run goes on where it stopped.

A file's name is the digest of what it is: plan, words and the version below. Raise the version when training changes.
"""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load, save
from torch import nn

from distill import artefact
from fingerprint import seeds

VERSION = 3


@dataclass(frozen=True, slots=True)
class Cache:
    """A folder of results."""

    folder: Path

    def model(
        self, words: tuple[seeds.Word, ...], factory: Callable[[], nn.Module], train: Callable[[], nn.Module]
    ) -> nn.Module:
        """The trained model of that name: from disk, or trained now and kept."""
        path = self._path(words, "model")
        if not path.exists():
            _write(path, artefact.to_bytes(train()))
        found = factory()
        artefact.load_into(found, path.read_bytes())
        return found.eval()

    def arrays(
        self, words: tuple[seeds.Word, ...], make: Callable[[], dict[str, NDArray[np.float32]]]
    ) -> dict[str, NDArray[np.float32]]:
        """The arrays of that name: from disk, or made now and kept."""
        path = self._path(words, "arrays")
        if not path.exists():
            _write(path, bytes(save(make())))
        return dict(load(path.read_bytes()))

    def _path(self, words: tuple[seeds.Word, ...], kind: str) -> Path:
        name = hashlib.sha256("\n".join(map(str, (VERSION, kind, *words))).encode()).hexdigest()
        return self.folder / f"{name}.safetensors"


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.part")
    part.write_bytes(data)
    part.replace(path)  # whole or not at all, also when two workers write the same file
