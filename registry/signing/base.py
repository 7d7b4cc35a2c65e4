"""The protocol of a place that holds a log's Ed25519 key and signs with it there.

To add a place, write one module and give it a row in `registry.signing.places`; the conformance suite then runs over
it. What signs must sign as RFC 8032 says, without randomness: a checkpoint that a power failure took is signed again,
bit for bit (`registry.log.log`).
"""

from typing import Protocol


class SigningKey(Protocol):
    """An Ed25519 key that stays where it is."""

    @property
    def public_key(self) -> bytes:
        """The public key, 32 bytes."""

    @property
    def place(self) -> str:
        """Where the key is, for people; never a secret."""

    def sign(self, message: bytes) -> bytes:
        """Ed25519 (RFC 8032) over the message, 64 bytes. Raises KeysUnavailable."""
