"""Which cells are used: the steadiest ones and the steadiest zeros, equally many.

Dark-bit masking leaves out cells that waver. Taking as many ones as zeros debiases: if cells are independent and
equally distributed, whatever their bias and noise, then by symmetry the selected response is uniform among the balanced
words of its length given the public mask (index-based debiasing; compare Skoric, doi 10.1007/s13389-018-0183-z). That
needs ties broken by secret randomness and never by position.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import TooFewReliableCells
from fingerprint.extractor.profile import Profile


def majority(readouts: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The majority value of every cell (a tie is 0) and the share of reads that disagree with it.

    Args:
        readouts: (reads, cells).

    Example:
        >>> majority(np.array([[1, 0], [1, 0], [0, 0]], dtype=np.uint8))[0].tolist()
        [1, 0]
    """
    share = readouts.mean(axis=0)
    return (share > 0.5).view(np.uint8), np.minimum(share, 1 - share)


def select(readouts: NDArray[np.uint8], *, profile: Profile, entropy: Callable[[int], bytes]) -> NDArray[np.intp]:
    """Rising indices (n,) of the steadiest n/2 ones and n/2 zeros.

    Raises:
        TooFewReliableCells: fewer than n/2 ones or zeros waver in at most `profile.darkness` of the reads.
    """
    values, wavering = majority(readouts)
    ties = np.frombuffer(entropy(8 * profile.cells), dtype=np.uint64)
    order = np.lexsort((ties, wavering))
    chosen = []
    for value in (0, 1):
        usable = order[(values[order] == value) & (wavering[order] <= profile.darkness)]
        if len(usable) < profile.code.n // 2:
            raise TooFewReliableCells(
                f"{len(usable)} reliable cells start as {value}, profile {profile.id} needs {profile.code.n // 2}; "
                "read more cells, or choose a profile with a shorter code"
            )
        chosen.append(usable[: profile.code.n // 2])
    return np.sort(np.concatenate(chosen))
