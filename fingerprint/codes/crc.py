"""Cyclic redundancy checks as linear maps: the check of a message is message @ matrix over GF(2)."""

from functools import cache

import numpy as np

from fingerprint.codes.base import Bits
from fingerprint.errors import ParameterError

#: Generator polynomials without their leading term: none, CRC-8 (ITU-T I.432), CRC-16 (ITU-T V.41),
#: CRC-24 (3GPP TS 38.212, CRC24A).
POLYNOMIALS = {0: 0, 8: 0x07, 16: 0x1021, 24: 0x864CFB}


@cache
def matrix(length: int, width: int) -> Bits:
    """The map (length, width) from messages to their checks; the register starts at zero, so the map is linear.

    Example:
        >>> bits = np.unpackbits(np.frombuffer(b"123456789", dtype=np.uint8))
        >>> check = bits.astype(int) @ matrix(72, 16) % 2
        >>> hex(int("".join(map(str, check)), 2))  # CRC-16/XMODEM
        '0x31c3'

    Raises:
        ParameterError: no polynomial of this width.
    """
    if width not in POLYNOMIALS:
        raise ParameterError(f"no CRC of {width} bits; choose one of {', '.join(map(str, POLYNOMIALS))}")
    rows = np.zeros((length, width), dtype=np.uint8)
    register = POLYNOMIALS[width]
    for row in reversed(rows) if width else ():
        row[:] = [register >> shift & 1 for shift in range(width - 1, -1, -1)]
        register = (register << 1) ^ ((1 << width | POLYNOMIALS[width]) if register >> (width - 1) & 1 else 0)
    rows.setflags(write=False)
    return rows
