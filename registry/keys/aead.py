"""AES-256-GCM-SIV (RFC 8452), or a clear refusal: nothing weaker is ever used in its place.

GCM-SIV keeps its secrets when a nonce repeats, which plain GCM does not; rows are many and live long.
"""

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

from registry.errors import SealingUnavailable


def cipher(key: bytes) -> AESGCMSIV:
    """The cipher under a 32-byte key.

    Raises:
        SealingUnavailable: this build of OpenSSL is older than 3.2.
    """
    try:
        return AESGCMSIV(key)
    except UnsupportedAlgorithm as error:
        raise SealingUnavailable("this build of OpenSSL has no AES-GCM-SIV; use 3.2 or newer") from error
