"""The file of a log's signing keys, `log.key`: which keys there are, and the secret ones that are kept in it, sealed.

    {"format": "countermark/log-key/v1",
     "keys": [the log's vkey, its cosigners' vkeys],
     "elsewhere": whether the log's own key is kept in another place,
     "data_key": base64("CMK1" || ...),       wrapped under a key-encryption key (`registry.sealing`)
     "sealed": base64(0x01 || ...)}           the lines of `registry.log.signing_keys`, of the keys that are kept here

Older registries wrote those lines in the clear. Such a file is read as it is, until it is sealed. Post-quantum keys are
kept in the file wherever the log's own key is: modules do not have ML-DSA yet.
"""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from registry.errors import KeysUnavailable, MalformedNote, MalformedValue, SealBroken, UnknownKey
from registry.log.cosignature import Cosigner, Seconds
from registry.log.note import Ed25519Signer, Ed25519Verifier, decode_base64
from registry.log.signing_keys import read_cosigners, read_log_keys
from registry.sealing import RowIdentity, Sealer, wrapped_under

FORMAT = "countermark/log-key/v1"
_FIELDS = {"format", "keys", "elsewhere", "data_key", "sealed"}
_COLUMN = "lines"


@dataclass(frozen=True, slots=True)
class Sealed:
    """Secret lines under a data key of their own."""

    data_key: bytes
    lines: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFile:
    """What the file says. Law: `KeyFile.parse(file.render()) == file`.

    Attributes:
        vkeys: public keys, the log's own first.
        elsewhere: whether the log's own secret key is kept in another place.
        secret: the secret lines, sealed or in the clear.
    """

    vkeys: tuple[str, ...]
    elsewhere: bool
    secret: str | Sealed = field(repr=False)

    def __post_init__(self) -> None:
        if not self.vkeys or (self.elsewhere and isinstance(self.secret, str)):
            raise MalformedValue("the file of a log's keys names one public key or more, and seals what it keeps")
        Ed25519Verifier.from_vkey(self.vkeys[0])

    @property
    def verifier(self) -> Ed25519Verifier:
        """The log's public key."""
        return Ed25519Verifier.from_vkey(self.vkeys[0])

    @property
    def under(self) -> str | None:
        """Id of the key-encryption key that the secret keys are sealed under, None if they are in the clear."""
        return wrapped_under(self.secret.data_key) if isinstance(self.secret, Sealed) else None

    @classmethod
    def of_lines(cls, lines: str) -> "KeyFile":
        """The file of secret lines that nothing seals yet, the log's own first. Raises MalformedNote."""
        return cls(vkeys=_vkeys(*read_log_keys(lines, int)), elsewhere=False, secret=lines)

    @classmethod
    def beside(cls, verifier: Ed25519Verifier, lines: str, sealer: Sealer) -> "KeyFile":
        """The file of cosigners alone, sealed, for a log whose own key is kept elsewhere. Raises MalformedNote."""
        vkeys = (verifier.vkey(), *_vkeys(None, read_cosigners(lines, int)))
        row = _row(verifier.name)
        return cls(vkeys=vkeys, elsewhere=True, secret=Sealed(*sealer.seal_first(row, _COLUMN, lines.encode())))

    @classmethod
    def parse(cls, text: str) -> "KeyFile":
        """The file whose text this is, in either form.

        Raises:
            MalformedNote, MalformedValue: not such a file.
        """
        if not text.startswith("{"):
            return cls.of_lines(text)
        try:
            fields: dict[str, Any] = json.loads(text)
            if set(fields) != _FIELDS or fields["format"] != FORMAT or not isinstance(fields["elsewhere"], bool):
                raise MalformedValue(f"a file of a log's keys has the fields {sorted(_FIELDS)} and the format {FORMAT}")
            sealed = Sealed(decode_base64(fields["data_key"]), decode_base64(fields["sealed"]))
            return cls(vkeys=tuple(map(str, fields["keys"])), elsewhere=fields["elsewhere"], secret=sealed)
        except (json.JSONDecodeError, TypeError, MalformedNote) as error:
            raise MalformedValue(f"the file of the log's keys was altered: {error}") from error

    def render(self) -> str:
        """Its text."""
        if isinstance(self.secret, str):
            return self.secret
        fields = {
            "format": FORMAT,
            "keys": list(self.vkeys),
            "elsewhere": self.elsewhere,
            "data_key": base64.b64encode(self.secret.data_key).decode(),
            "sealed": base64.b64encode(self.secret.lines).decode(),
        }
        return json.dumps(fields, indent=1) + "\n"

    def sealed_by(self, sealer: Sealer) -> "KeyFile":
        """The same keys under the current key-encryption key, opened once for proof.

        Raises:
            UnknownKey, SealBroken, KeysUnavailable: they cannot be opened, or not sealed.
        """
        if self.under == sealer.current:
            return self
        if isinstance(self.secret, Sealed):
            secret = Sealed(sealer.rewrap(self.secret.data_key, _row(self.verifier.name)), self.secret.lines)
        else:
            secret = Sealed(*sealer.seal_first(_row(self.verifier.name), _COLUMN, self.secret.encode()))
        made = replace(self, secret=secret)
        made.open(sealer, int)
        return made

    def open(self, sealer: Sealer, now: Seconds) -> tuple[Ed25519Signer | None, tuple[Cosigner, ...]]:
        """The secret keys that are kept here; None for the log's own if that is elsewhere.

        Raises:
            UnknownKey, SealBroken, KeysUnavailable: sealed under a key that is not at hand, altered, or out of reach.
        """
        lines = self._lines(sealer)
        signer, cosigners = (None, read_cosigners(lines, now)) if self.elsewhere else read_log_keys(lines, now)
        if _vkeys(signer, cosigners) != self.vkeys[self.elsewhere :]:
            raise SealBroken("log.key was altered: its public keys are not those of the secret ones sealed in it")
        return signer, cosigners

    def _lines(self, sealer: Sealer) -> str:
        if isinstance(self.secret, str):
            return self.secret
        try:
            return sealer.open(self.secret.data_key, _row(self.verifier.name), _COLUMN, self.secret.lines).decode()
        except (UnknownKey, SealBroken, KeysUnavailable) as error:
            raise type(error)(f"the log's signing keys cannot be opened: {error}") from error


def _row(name: str) -> RowIdentity:
    """What binds sealed keys to their log."""
    return RowIdentity("log_key", "", name)


def _vkeys(signer: Ed25519Signer | None, cosigners: Sequence[Cosigner]) -> tuple[str, ...]:
    own = () if signer is None else (signer.verifier.vkey(),)
    return (*own, *(each.verifier.vkey() for each in cosigners))
