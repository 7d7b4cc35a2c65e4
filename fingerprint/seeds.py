"""Every random stream has a seed made of words, so that it can be named and drawn again.

There is no global generator and no default seed. Words are length-prefixed before hashing, so that ("ab", "c") and
("a", "bc") are different streams. `stream` is for simulation and for choices that only need to be reproducible on one
numpy version; `bits` and `xof` are for what must be the same bits everywhere and for ever (codewords, carriers).
"""

import hashlib
import hmac

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import ParameterError

Word = str | int | bytes


def _encode(words: tuple[Word, ...]) -> bytes:
    if not words:
        raise ParameterError("a seed needs at least one word; name the stream, for example ('digits', 'teacher')")
    parts = []
    for word in words:
        data = word if isinstance(word, bytes) else str(word).encode()
        parts.append(len(data).to_bytes(8, "big") + data)
    return b"".join(parts)


def stream(*words: Word) -> np.random.Generator:
    """A generator seeded by SHA-256 of the words.

    Example:
        >>> int(stream("digits", "split").integers(10)) == int(stream("digits", "split").integers(10))
        True

    Raises:
        ParameterError: no word was given.
    """
    return np.random.default_rng(int.from_bytes(hashlib.sha256(_encode(words)).digest(), "big"))


def number(*words: Word) -> int:
    """A 63-bit integer made of the words: a seed for libraries that take one number.

    Example:
        >>> number("digits") == number("digits") != number("fashion")
        True
    """
    return int.from_bytes(hashlib.sha256(_encode(words)).digest()[:8], "big") >> 1


def xof(key: bytes, *words: Word, length: int) -> bytes:
    """`length` bytes of SHAKE256 over HMAC-SHA256(key, words): a pseudo-random function of the words.

    HMAC first, so that the key is used by a construction proved to be a PRF; SHAKE256 (FIPS 202) stretches its output.

    Example:
        >>> len(xof(b"k" * 32, "carriers", length=5))
        5

    Raises:
        ParameterError: the key is shorter than 16 bytes, or the length is not positive.
    """
    if len(key) < 16:
        raise ParameterError(f"a key of {len(key)} bytes is too short; give at least 16")
    if length < 1:
        raise ParameterError(f"length must be positive, not {length}")
    inner = hmac.new(key, _encode(words), hashlib.sha256).digest()
    return hashlib.shake_256(b"countermark/xof/v1" + inner).digest(length)


def signs(key: bytes, *words: Word, count: int) -> NDArray[np.int8]:
    """`count` values of {-1, +1} drawn by `xof`: bit 0 of the first byte (least significant) comes first, bit 1 is +1.

    Example:
        >>> signs(b"k" * 32, "row", count=3).shape
        (3,)
    """
    raw = np.frombuffer(xof(key, *words, length=-(-count // 8)), dtype=np.uint8)
    bits = np.unpackbits(raw, count=count, bitorder="little")
    return (2 * bits.astype(np.int8) - 1).astype(np.int8)
