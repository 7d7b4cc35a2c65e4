"""Signers of a log's notes: one whose key is opened when it is needed, and one whose key stays in another place."""

from collections.abc import Callable
from typing import TypeVar

from registry.errors import KeysUnavailable, SignatureInvalid, UnknownKey
from registry.log.cosignature import VerifierWithKey
from registry.log.note import Ed25519Verifier, NoteSigner, SignerOf
from registry.signing.base import SigningKey

V = TypeVar("V", bound=VerifierWithKey)


class OnDemand(SignerOf[V]):
    """A signer whose secret key is asked for by its first signature.

    Args:
        verifier: the public key.
        opened: the signer, opened again or not.
    """

    def __init__(self, verifier: V, opened: Callable[[], NoteSigner]) -> None:
        self.verifier = verifier
        self._opened = opened

    def sign(self, text: str) -> bytes:
        """As the opened signer does. Raises what opening raises."""
        return self._opened().sign(text)


class HeldSigner(SignerOf[Ed25519Verifier]):
    """Signs a log's notes with a key that stays in its place; each signature is verified before it is given away.

    Raises:
        UnknownKey: that key is not the log's.
    """

    def __init__(self, verifier: Ed25519Verifier, key: SigningKey) -> None:
        if key.public_key != verifier.public_key:
            raise UnknownKey(f"the key in {key.place} is not that of the log '{verifier.name}'; name the right place")
        self.verifier = verifier
        self._key = key

    def sign(self, text: str) -> bytes:
        """Ed25519 (RFC 8032), made by the place. Raises KeysUnavailable."""
        signature = self._key.sign(text.encode())
        try:
            self.verifier.verify(text, signature)
        except SignatureInvalid as error:
            raise KeysUnavailable(f"{self._key.place} made a signature that its own public key refuses") from error
        return signature
