"""Which parameter carries which bit.

Every parameter i of a tensor draws a bit b(i), uniform on 0..L-1, and a sign s_i from the release key's XOF and the
tensor's name. The carrier of bit l is s_i on the parameters with b(i) = l and nought elsewhere: L carriers of disjoint
support, each spread over all layers, P / L parameters long. Writing and reading cost one pass over the parameters,
tensor by tensor, and no carrier is ever stored.

    write     u_i = s_i c_{b(i)}                      (one codeword -> one sign a parameter)
    read      y_l = sum over b(i) = l of s_i v_i      (one value a parameter -> one value a bit)
"""

import numpy as np
from numpy.typing import NDArray

from fingerprint import seeds
from fingerprint.errors import ParameterError

_SIGN = np.uint32(1)
_BLOCK = 1 << 22  # parameters drawn at a time


def draw(key: bytes, name: str, *, count: int, bits: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """b(i), int64, and s_i, float32, for all `count` parameters of one tensor, drawn block by block.

    Raises:
        ParameterError: a tensor without parameters, or no bits.

    Example:
        >>> bit, sign = draw(b"k" * 32, "w", count=5, bits=3)
        >>> bit.shape, sign.shape, bool(bit.max() < 3)
        ((5,), (5,), True)
    """
    _check(count, bits)
    starts = range(0, count, _BLOCK)
    parts = [_block(key, name, number, min(_BLOCK, count - start), bits) for number, start in enumerate(starts)]
    return np.concatenate([bit for bit, _ in parts]), np.concatenate([sign for _, sign in parts])


def _block(key: bytes, name: str, number: int, count: int, bits: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    raw = np.frombuffer(seeds.xof(key, "countermark/weights/v1", name, number, length=4 * count), dtype="<u4")
    # (31 random bits * L) >> 31: no bit is likelier than another by more than L / 2^31
    bit = ((raw >> _SIGN).astype(np.uint64) * np.uint64(bits)) >> np.uint64(31)
    return bit.astype(np.int64), np.where(raw & _SIGN, 1, -1).astype(np.float32)


def spread(codeword: NDArray[np.int8], *, key: bytes, name: str, count: int) -> NDArray[np.float32]:
    """u, float32 (count,) of -1 and +1, for one tensor.

    Example:
        >>> sorted(set(spread(np.array([1, -1], np.int8), key=b"k" * 32, name="w", count=64).tolist()))
        [-1.0, 1.0]

    Raises:
        ParameterError: a tensor without parameters, or a codeword of no bit.
    """
    bit, sign = draw(key, name, count=count, bits=codeword.size)
    return sign * codeword[bit]


def collect(values: NDArray[np.float64], *, key: bytes, name: str, bits: int) -> NDArray[np.float64]:
    """y, float64 (bits,), from one tensor's values v, flat.

    Example:
        >>> c = np.array([1, -1, 1], np.int8)
        >>> v = spread(c, key=b"k" * 32, name="w", count=90).astype(float)
        >>> np.sign(collect(v, key=b"k" * 32, name="w", bits=3)).tolist()
        [1.0, -1.0, 1.0]

    Raises:
        ParameterError: a tensor without parameters, or no bits.
    """
    _check(values.size, bits)
    total = np.zeros(bits)
    for block, start in enumerate(range(0, values.size, _BLOCK)):
        part = values[start : start + _BLOCK]
        bit, sign = _block(key, name, block, part.size, bits)
        total += np.bincount(bit, weights=sign * part, minlength=bits)
    return total


def _check(count: int, bits: int) -> None:
    if count < 1 or not 1 <= bits < 1 << 24:
        raise ParameterError(f"{count} parameters and {bits} bits; both must be positive, bits below 2^24")
