"""A log's keys as a store holds them: the public ones at hand, the secret ones opened when something is first signed.

So whoever only reads, the audit above all, needs no secret key and asks neither KMS nor a security module for one.
"""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from registry.errors import SealBroken, UnknownKey
from registry.keys.local import alone_with, read_private_file, replace_private_file
from registry.log.cosignature import MLDSA44_COSIGNATURE, Seconds, VerifierWithKey, verifier_from_vkey
from registry.log.note import Ed25519Verifier, NoteSigner
from registry.log.signing_keys import write_cosigner, write_log_keys
from registry.sealing import Sealer
from registry.signing.base import SigningKey
from registry.signing.key_file import KeyFile
from registry.signing.signers import HeldSigner, OnDemand


def new_key_file(name: str, sealer: Sealer, held: SigningKey | None, entropy: Callable[[int], bytes]) -> KeyFile:
    """Fresh keys for a log of that name, sealed; without its own key if that is held elsewhere."""
    if held is None:
        return KeyFile.of_lines(write_log_keys(name, entropy(32), entropy(32))).sealed_by(sealer)
    cosigner = write_cosigner(name, MLDSA44_COSIGNATURE, entropy(32))
    return KeyFile.beside(Ed25519Verifier(name, held.public_key), cosigner, sealer)


class LogKeys:
    """The keys of one log.

    Args:
        path: of the key file.
        sealer: opens what the file keeps.
        now: POSIX seconds, for cosignatures.
        held: the log's own key, if it is kept in another place.

    Raises:
        StoreMissing, KeyFileUnsafe: no key file, or others can read it.
        MalformedNote, MalformedValue: it is none.
    """

    def __init__(self, path: Path, sealer: Sealer, now: Seconds, held: SigningKey | None = None) -> None:
        self._path = path
        self._sealer = sealer
        self._now = now
        self._held = held
        self._file = KeyFile.parse(read_private_file(path))
        self._secrets: tuple[NoteSigner, ...] | None = None
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"LogKeys({self._file.verifier.name!r}, {self.place})"

    @property
    def signer(self) -> OnDemand[Ed25519Verifier]:
        """The log's own key."""
        return OnDemand(self._file.verifier, lambda: self.open()[0])

    @property
    def cosigners(self) -> tuple[OnDemand[VerifierWithKey], ...]:
        """The log's second keys."""
        return tuple(self._cosigner(number) for number in range(1, len(self._file.vkeys)))

    @property
    def place(self) -> str:
        """Where the log's own key is, for people."""
        if self._held is not None:
            return self._held.place
        return "elsewhere" if self._file.elsewhere else f"file:{self._path}"

    @property
    def under(self) -> str | None:
        """Id of the key-encryption key that the key file is sealed under now, None if it is in the clear."""
        return KeyFile.parse(read_private_file(self._path)).under

    def open(self) -> tuple[NoteSigner, ...]:
        """The signers, the log's own first; opened once.

        Raises:
            UnknownKey: the log's key is elsewhere, or what it is sealed under is.
            SealBroken: the file was altered.
            KeysUnavailable: a place is out of reach, or refuses.
        """
        with self._lock:
            if self._secrets is None:
                self._secrets = self._open()
            return self._secrets

    def seal(self) -> bool:
        """Put the key file under the current key-encryption key, in one step; whether it was not."""
        changed = False

        def sealed(text: str) -> str:
            nonlocal changed
            before = KeyFile.parse(text)
            after = before.sealed_by(self._sealer)
            changed = after is not before
            return after.render()

        replace_private_file(self._path, sealed)
        return changed

    def alone(self) -> AbstractContextManager[None]:
        """Nobody seals the key file anew meanwhile."""
        return alone_with(self._path)

    def rewrap(self) -> None:
        """Move a key file that is sealed to the current key-encryption key; one in the clear stays as it is."""
        if self.under not in {None, self._sealer.current}:
            self.seal()

    def _open(self) -> tuple[NoteSigner, ...]:
        file = KeyFile.parse(read_private_file(self._path))  # it may have been sealed anew since
        if file.vkeys != self._file.vkeys:
            raise SealBroken(f"{self._path} is that of another log than when it was first read; restore it")
        own, cosigners = file.open(self._sealer, self._now)
        if self._held is not None:
            return HeldSigner(self._file.verifier, self._held), *cosigners
        if own is None:
            raise UnknownKey(f"the key of the log '{self._file.verifier.name}' is kept elsewhere; name that place")
        return own, *cosigners

    def _cosigner(self, number: int) -> OnDemand[VerifierWithKey]:
        return OnDemand(verifier_from_vkey(self._file.vkeys[number]), lambda: self.open()[number])
