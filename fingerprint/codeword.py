"""From a device key to its codeword for one copy of one release.

    c_d = first L signs of XOF(codeword key; release id, registrar nonce),   codeword key = HKDF(device key)

The registry keeps the codeword key sealed and never sees the device key or a PUF response. The registrar draws the
nonce after the release is committed in the log, so nobody can grind a codeword that fits a model which already exists.
"""

import numpy as np
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from numpy.typing import NDArray

from fingerprint import seeds
from fingerprint.errors import ParameterError

CODEWORD_KEY_BYTES = 32
NONCE_BYTES = 32


def codeword_key(device_key: bytes) -> bytes:
    """The 32-byte key from which every codeword of the device is drawn: HKDF-SHA256 (RFC 5869) of the device key.

    Example:
        >>> len(codeword_key(b"d" * 32))
        32

    Raises:
        ParameterError: the device key is shorter than 16 bytes.
    """
    if len(device_key) < 16:
        raise ParameterError(f"a device key of {len(device_key)} bytes is too short; give at least 16")
    hkdf = HKDF(algorithm=SHA256(), length=CODEWORD_KEY_BYTES, salt=None, info=b"countermark/codeword-key/v1")
    return hkdf.derive(device_key)


def derive(key: bytes, *, release: str, nonce: bytes, length: int) -> NDArray[np.int8]:
    """The codeword c_d in {-1, +1}^L of one copy, int8 of shape (L,).

    Args:
        key: the codeword key of the device (`codeword_key`).
        release: the release id, the digest of its verifier pack (`sha256:...`).
        nonce: 32 bytes drawn by the registrar after the release was committed.
        length: L, the number of carriers of the release.

    Example:
        >>> c = derive(codeword_key(b"d" * 32), release="sha256:00", nonce=bytes(32), length=6)
        >>> c.dtype.name, sorted(set(c.tolist()) | {-1, 1})
        ('int8', [-1, 1])

    Raises:
        ParameterError: a nonce that is not 32 bytes, an empty release id, or a length that is not positive.
    """
    if len(nonce) != NONCE_BYTES:
        raise ParameterError(f"the registrar nonce has {len(nonce)} bytes; it must have {NONCE_BYTES}")
    if not release:
        raise ParameterError("the release id is empty; give the digest of the verifier pack")
    if length < 1:
        raise ParameterError(f"a codeword needs at least one bit, not {length}")
    return seeds.signs(key, "countermark/codeword/v1", release, nonce, count=length)


def pack_bits(codeword: NDArray[np.int8]) -> bytes:
    r"""The codeword as bytes, eight signs a byte, least significant first, +1 as 1.

    Law: `unpack_bits(pack_bits(c), len(c)) == c`.

    Example:
        >>> pack_bits(np.array([1, -1, 1], dtype=np.int8))
        b'\x05'
    """
    return np.packbits(codeword > 0, bitorder="little").tobytes()


def unpack_bits(data: bytes, length: int) -> NDArray[np.int8]:
    r"""The codeword of `length` signs whose packed form is `data`.

    Example:
        >>> unpack_bits(b"\x05", 3).tolist()
        [1, -1, 1]

    Raises:
        ParameterError: the bytes are not the packed form of `length` signs.
    """
    if len(data) != -(-length // 8):
        raise ParameterError(f"{len(data)} bytes cannot hold exactly {length} signs; expected {-(-length // 8)} bytes")
    bits = np.unpackbits(np.frombuffer(data, dtype=np.uint8), bitorder="little")
    if bits[length:].any():
        raise ParameterError("bits beyond the codeword's end are set; the bytes are not a packed codeword")
    return (2 * bits[:length].astype(np.int8) - 1).astype(np.int8)
