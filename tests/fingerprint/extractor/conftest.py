"""A small fast profile, a chip of its size and one enrolment of it."""

import numpy as np
import pytest

from fingerprint.codes import Blocks, Concatenated, Golay, Repetition
from fingerprint.extractor import Profile, enroll
from fingerprint.puf import SramPuf


@pytest.fixture(scope="session")
def small():
    """A 128-bit profile over 1,600 cells."""
    return Profile(name="small", code=Concatenated(Blocks(Golay(), 12), Repetition(3)), cells=1600, bits=128)


@pytest.fixture(scope="session")
def chip(small):
    """The enrolled chip."""
    return SramPuf.manufacture("enrolled", cells=small.cells)


@pytest.fixture
def entropy():
    """Reproducible stand-in for os.urandom."""
    return np.random.default_rng(99).bytes


@pytest.fixture(scope="session")
def made(small, chip):
    """The chip's enrolment from seven reads."""
    reads = chip.read(np.random.default_rng(5), reads=7)
    return enroll(reads, profile=small, entropy=np.random.default_rng(6).bytes)
