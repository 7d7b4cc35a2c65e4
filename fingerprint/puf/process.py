"""Process variation: standard normals drawn from seed words, the same on every machine and every numpy version.

numpy does not promise that its generators give the same stream for ever (NEP 19), but a simulated chip that is kept in
a file must stay the same chip. So variation comes from SHAKE256 and the inverse normal distribution; only the noise of
a read-out, which need not be drawn again, comes from a numpy generator.
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from fingerprint import seeds

_DOMAIN = b"countermark/puf/process/v1"


def normals(*words: seeds.Word, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Independent N(0, 1) variables, float32 of the given shape: Phi^-1((u + 1/2) / 2^32) of 32-bit words u.

    Args:
        words: the stream's seed; whoever knows the words knows the chip.
        shape: shape of the result; an empty axis gives an empty array.

    Example:
        >>> normals("chip", 7, shape=(2, 3)).shape
        (2, 3)
    """
    count = math.prod(shape)
    if not count:
        return np.empty(shape, dtype=np.float32)
    raw = np.frombuffer(seeds.xof(_DOMAIN, *words, length=4 * count), dtype="<u4")
    return ndtri((raw + 0.5) / 2**32).astype(np.float32).reshape(shape)
