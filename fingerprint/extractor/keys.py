"""What is derived from the secret message of the code-offset construction, each with its own label.

key      = HKDF-SHA256(ikm = message, salt, info = "device-key" | profile id)       (RFC 5869)
tag      = HMAC-SHA256(HKDF(key, "helper-data"), helper data before the tag)
identity = SHA-256 over HKDF(key, "identity"): tells that a key is the enrolled one, and nothing else about it
"""

import hashlib
import hmac

import numpy as np
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from numpy.typing import NDArray

from fingerprint.errors import ParameterError
from fingerprint.extractor.profile import Profile


def device_key(message: NDArray[np.uint8], *, salt: bytes, profile: Profile) -> bytes:
    """The key of a secret message (k,) under a profile."""
    info = b"countermark/device-key/v1|" + profile.id.encode()
    return HKDF(algorithm=SHA256(), length=profile.key_bytes, salt=salt, info=info).derive(
        np.packbits(message).tobytes()
    )


def tag(key: bytes, signed: bytes) -> bytes:
    """The tag of helper data under its device key."""
    return hmac.new(_derive(key, b"countermark/helper-data/v1"), signed, hashlib.sha256).digest()


def key_identity(key: bytes) -> str:
    """64 hexadecimal digits that confirm a key without telling it.

    Example:
        >>> key_identity(bytes(32))[:8]
        'aacf39f8'

    Raises:
        ParameterError: a key shorter than 16 bytes.
    """
    if len(key) < 16:
        raise ParameterError(f"a device key of {len(key)} bytes is too short; give at least 16")
    return hashlib.sha256(_derive(key, b"countermark/key-identity/v1")).hexdigest()


def _derive(key: bytes, label: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=label).derive(key)
