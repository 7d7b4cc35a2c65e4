"""Read-outs of a device, from a simulated chip's file or from measured ones."""

import os
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray

from api.commands import files
from api.suspects import npy
from fingerprint.puf import PROFILE, Silicon

SiliconFile = Annotated[
    Path | None, typer.Option("--silicon", help="A simulated chip's file; enrolment makes it (mode 0600) if absent.")
]
Readouts = Annotated[
    Path | None, typer.Option("--readouts", help="Measured read-outs: .npy of 0 and 1, shape (reads, cells).")
]
ENROLMENT_READS = 16
REPRODUCTION_READS = 1
_MAX_READOUT_BYTES = 1 << 28


def read(silicon: Path | None, readouts: Path | None, reads: int, *, new: bool = False) -> NDArray[np.uint8]:
    """Read-outs, (reads, cells), of exactly one of the two sources.

    Args:
        silicon: a chip's file.
        readouts: measured read-outs, all of which are taken.
        reads: how often a chip is read.
        new: whether a chip that is not there is made.
    """
    if (silicon is None) == (readouts is None):
        raise typer.BadParameter("give either --silicon or --readouts")
    if readouts is not None:
        array: NDArray[np.uint8] = npy.read(files.read(readouts), limit=_MAX_READOUT_BYTES)
        return array
    assert silicon is not None
    if new and not silicon.exists():
        files.write(silicon, Silicon.manufacture(os.urandom, cells=PROFILE.cells).to_bytes(), mode=files.PRIVATE)
    noise = np.random.default_rng(int.from_bytes(os.urandom(16)))  # what a chip's noise is: never the same twice
    return Silicon.from_bytes(files.read(silicon)).read(noise, reads=reads)
