"""Proof of possession: whoever holds the device can show that it is the enrolled one, without showing its key.

    seed = HKDF-SHA256(device key, info = "possession")        an Ed25519 private key (RFC 8032)
    signature = Ed25519(seed, canonical bytes of the challenge)

Whoever checks keeps the public key from enrolment, draws a fresh nonce per challenge and accepts each once, before it
expires. The challenge names registry, tenant, device and purpose: a signature given to one cannot serve another.
"""

from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from fingerprint import canonical
from fingerprint.errors import CanonicalMalformed, ParameterError, PossessionNotProven

TAG = "countermark/possession-challenge"
NONCE_BYTES, PUBLIC_KEY_BYTES, SIGNATURE_BYTES = 32, 32, 64
_LATEST = 2**53  # canonical JSON has no larger integers
_ORDER_EIGHT = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
_FIELD = 2**255 - 19
#: y of every point of order 1, 2, 4 or 8, and the encodings of those that are not reduced (RFC 7748, 8032).
_SMALL_ORDER = frozenset({0, 1, _FIELD - 1, _FIELD, _FIELD + 1, _ORDER_EIGHT, _FIELD - _ORDER_EIGHT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """What a registry asks a device to sign.

    Law: `Challenge.from_bytes(c.to_bytes()) == c`.

    Attributes:
        registry: name of the registry that asks: its log's.
        tenant: id of the tenant within it.
        device: name of the device that is asked.
        purpose: why, for example `seizure 2026-17`.
        nonce: 32 fresh random bytes.
        expires: POSIX time in whole seconds; from then on the answer is refused.

    Raises:
        ParameterError: an empty name, a nonce of another length, or a time that is none.
    """

    registry: str
    tenant: str
    device: str
    purpose: str
    nonce: bytes
    expires: int

    def __post_init__(self) -> None:
        if not (self.registry and self.tenant and self.device and self.purpose):
            raise ParameterError("a challenge names registry, tenant, device and purpose; none may be empty")
        if type(self.expires) is not int or not 0 < self.expires < _LATEST:
            raise ParameterError(f"a challenge expires at a POSIX time in whole seconds, not at {self.expires!r}")
        if len(self.nonce) != NONCE_BYTES:
            raise ParameterError(f"the nonce has {len(self.nonce)} bytes; it must have {NONCE_BYTES}")

    def to_bytes(self) -> bytes:
        """Canonical bytes: what is signed."""
        named = {"registry": self.registry, "tenant": self.tenant, "device": self.device, "purpose": self.purpose}
        return canonical.encode(TAG, {**named, "nonce": self.nonce.hex(), "expires": self.expires})

    @classmethod
    def from_bytes(cls, data: bytes) -> "Challenge":
        """The challenge whose canonical bytes are `data`.

        Raises:
            CanonicalMalformed: not the canonical bytes of a challenge.
        """
        fields = canonical.decode(TAG, data)
        try:
            found = cls(**{**fields, "nonce": bytes.fromhex(fields["nonce"])})
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            raise CanonicalMalformed(f"{TAG}: not a challenge: {error}") from error
        if found.to_bytes() != data:
            raise CanonicalMalformed(f"{TAG}: the nonce is not in lower-case hexadecimal")
        return found


def public_key(device_key: bytes) -> bytes:
    """The 32-byte Ed25519 public key of a device, for the registry to keep.

    Example:
        >>> len(public_key(bytes(32)))
        32

    Raises:
        ParameterError: a device key shorter than 16 bytes.
    """
    return _private(device_key).public_key().public_bytes_raw()


def require_public_key(public: bytes) -> bytes:
    """The public key, if possession of it can be proven at all.

    Under a key of small order a signature can be forged for every message, so such a key is refused.

    Example:
        >>> require_public_key(public_key(bytes(32))) == public_key(bytes(32))
        True

    Raises:
        ParameterError: not 32 bytes, or a point of small order.
    """
    if len(public) != PUBLIC_KEY_BYTES:
        raise ParameterError(f"a possession key has {PUBLIC_KEY_BYTES} bytes, not {len(public)}")
    if int.from_bytes(public, "little") % 2**255 in _SMALL_ORDER:
        raise ParameterError("the possession key is a point of small order, for which anybody can sign; derive it")
    return public


def sign(device_key: bytes, challenge: Challenge) -> bytes:
    """The device's 64-byte signature over a challenge.

    Raises:
        ParameterError: a device key shorter than 16 bytes.
    """
    return _private(device_key).sign(challenge.to_bytes())


def verify(public: bytes, challenge: Challenge, signature: bytes) -> None:
    """Nothing, when the signature shows possession of the device with this public key.

    The caller must check that the nonce is the one it drew, was not used before, and has not expired.

    Example:
        >>> asked = Challenge(
        ...     registry="lab", tenant="us", device="d1", purpose="check", nonce=bytes(32), expires=1_800_000_000
        ... )
        >>> verify(public_key(bytes(32)), asked, sign(bytes(32), asked))

    Raises:
        PossessionNotProven: the signature does not hold, or the public key is none.
    """
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, challenge.to_bytes())
    except (InvalidSignature, ValueError) as error:
        raise PossessionNotProven(
            f"the signature does not show possession of device {challenge.device!r} for this challenge"
        ) from error


def _private(device_key: bytes) -> Ed25519PrivateKey:
    if len(device_key) < 16:
        raise ParameterError(f"a device key of {len(device_key)} bytes is too short; give at least 16")
    seed = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"countermark/possession/v1").derive(device_key)
    return Ed25519PrivateKey.from_private_bytes(seed)
