r"""C2SP signed notes: text, an empty line, signature lines (https://c2sp.org/signed-note).

    text "\n"   { "— " name " " base64(key id (4 bytes) || signature) "\n" }
    key id = SHA-256(name || 0x0A || type || public key)[:4]        vkey = name "+" hex(key id) "+" base64(type || key)

The text must be ignored until `require_signature` has returned. Signatures of unknown keys are ignored; a signature
that carries a known key's name and id and does not verify rejects the whole note.
"""

import base64
import binascii
import hashlib
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from registry.errors import MalformedNote, SignatureInvalid

ED25519 = 0x01
MAX_NOTE_CHARACTERS = 1_000_000
MAX_SIGNATURES = 100
_DASH, _PRIVATE = "— ", "PRIVATE+KEY+"
_BAD_NAME = re.compile(r"[\s+\x00-\x1f\x7f]")


class NoteSigner(Protocol):
    """A key that signs notes."""

    @property
    def name(self) -> str:
        """Name of the key, without spaces or plus signs."""

    @property
    def key_id(self) -> bytes:
        """Four bytes that, with the name, tell which key and algorithm signed."""

    def sign(self, text: str) -> bytes:
        """The signature, without key id, of a note's text."""


class LogSigner(NoteSigner, Protocol):
    """A log's own key, wherever it is kept."""

    @property
    def verifier(self) -> "Ed25519Verifier":
        """Its public key."""


class NoteVerifier(Protocol):
    """A key that checks a note's signature."""

    @property
    def name(self) -> str:
        """Name of the key."""

    @property
    def key_id(self) -> bytes:
        """Four bytes that, with the name, tell which key and algorithm signed."""

    def verify(self, text: str, signature: bytes) -> None:
        """Return if the key signed the text. Raises SignatureInvalid."""


V = TypeVar("V", bound=NoteVerifier)


class SignerOf(ABC, Generic[V]):
    """A signer that goes by its public key's name and id, and whose representation shows no more of it.

    Attributes:
        verifier: the public key.
    """

    verifier: V

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    @property
    def name(self) -> str:
        """Name of the key."""
        return self.verifier.name

    @property
    def key_id(self) -> bytes:
        """Key id of the public key."""
        return self.verifier.key_id

    @abstractmethod
    def sign(self, text: str) -> bytes:
        """The signature, without key id, of a note's text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One signature line."""

    name: str
    key_id: bytes
    payload: bytes

    def __post_init__(self) -> None:
        require_name(self.name)
        if len(self.key_id) != 4 or not self.payload:
            raise MalformedNote(f"the signature line of '{self.name}' holds no key id and signature")

    def line(self) -> str:
        """The line, newline included."""
        return f"{_DASH}{self.name} {base64.b64encode(self.key_id + self.payload).decode()}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A text and its signatures, not verified yet. Law: `Note.parse(n.render()) == n`."""

    text: str
    signatures: tuple[Signature, ...]

    def __post_init__(self) -> None:
        if not self.text.endswith("\n") or _has_control_characters(self.text):
            raise MalformedNote("a note's text ends with a newline and holds no other control character")
        if not 0 < len(self.signatures) <= MAX_SIGNATURES:
            raise MalformedNote(f"a note holds 1 to {MAX_SIGNATURES} signatures, not {len(self.signatures)}")

    def render(self) -> str:
        """The whole note."""
        return self.text + "\n" + "".join(signature.line() for signature in self.signatures)

    @classmethod
    def parse(cls, note: str) -> "Note":
        """The note whose rendered form is `note`; the last empty line ends its text.

        Raises:
            MalformedNote: too long, no empty line, or a signature line out of form.
        """
        if len(note) > MAX_NOTE_CHARACTERS:
            raise MalformedNote(f"a note of {len(note)} characters is longer than {MAX_NOTE_CHARACTERS}")
        body, separator, block = note.rpartition("\n\n")
        if not separator or not block.endswith("\n"):
            raise MalformedNote("a note needs text, an empty line, and signature lines that end with a newline")
        return cls(text=body + "\n", signatures=parse_lines(block))


@dataclass(frozen=True, slots=True)
class Ed25519Verifier:
    """An Ed25519 public key with a name. Law: `Ed25519Verifier.from_vkey(v.vkey()) == v`."""

    name: str
    public_key: bytes

    def __post_init__(self) -> None:
        require_name(self.name)
        if len(self.public_key) != 32:
            raise MalformedNote(f"the Ed25519 key of '{self.name}' has {len(self.public_key)} bytes, not 32")

    @property
    def key_id(self) -> bytes:
        """SHA-256(name || 0x0A || 0x01 || public key)[:4]."""
        return key_id(self.name, ED25519, self.public_key)

    def vkey(self) -> str:
        """The key in the form in which it is handed out."""
        return encode_vkey(self.name, ED25519, self.public_key)

    @classmethod
    def from_vkey(cls, vkey: str) -> "Ed25519Verifier":
        """The key whose vkey this is. Raises MalformedNote."""
        name, kind, key = decode_vkey(vkey)
        if kind != ED25519:
            raise MalformedNote(f"the key of '{name}' has type {kind:#04x}; expected an Ed25519 key, type 0x01")
        return cls(name, key)

    def verify(self, text: str, signature: bytes) -> None:
        """Return if the key signed the text. Raises SignatureInvalid."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, text.encode())
        except InvalidSignature as error:
            raise SignatureInvalid(f"'{self.name}' did not sign this text") from error


class Ed25519Signer(SignerOf[Ed25519Verifier]):
    """An Ed25519 private key with a name."""

    def __init__(self, name: str, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.verifier = Ed25519Verifier(name, self._key.public_key().public_bytes_raw())

    def sign(self, text: str) -> bytes:
        """Ed25519 (RFC 8032) over the UTF-8 bytes of the text."""
        return self._key.sign(text.encode())


def sign_note(text: str, *signers: NoteSigner) -> Note:
    """The text, signed by each of the signers in order."""
    lines = tuple(Signature(name=s.name, key_id=s.key_id, payload=s.sign(text)) for s in signers)
    return Note(text=text, signatures=lines)


def require_signature(note: Note, verifier: NoteVerifier) -> None:
    """Return if the verifier's key signed the note.

    Raises:
        SignatureInvalid: no signature line of that key, or one that does not verify.
    """
    mine = [s for s in note.signatures if s.name == verifier.name and s.key_id == verifier.key_id]
    if not mine:
        raise SignatureInvalid(f"the note holds no signature of '{verifier.name}' ({verifier.key_id.hex()})")
    for signature in mine:
        verifier.verify(note.text, signature.payload)


def require_name(name: str) -> None:
    """Return if a key can have this name. Raises MalformedNote."""
    if not name or _BAD_NAME.search(name):
        raise MalformedNote(f"{name!r} cannot name a key: give a name without spaces, plus signs or control characters")


def key_id(name: str, kind: int, public_key: bytes) -> bytes:
    """SHA-256(name || 0x0A || type || public key)[:4]."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public_key).digest()[:4]


def encode_vkey(name: str, kind: int, public_key: bytes) -> str:
    """`name+hex(key id)+base64(type || public key)`."""
    tail = base64.b64encode(bytes([kind]) + public_key).decode()
    return f"{name}+{key_id(name, kind, public_key).hex()}+{tail}"


def decode_vkey(vkey: str) -> tuple[str, int, bytes]:
    """Name, type and public key of a vkey, its key id checked.

    Raises:
        MalformedNote: not `name+hex+base64`, or a key id of another key.
    """
    name, _, rest = vkey.strip().partition("+")
    identifier, _, encoded = rest.partition("+")
    require_name(name)
    data = decode_base64(encoded)
    if len(data) < 2 or identifier != key_id(name, data[0], data[1:]).hex():
        raise MalformedNote(f"the key id in the vkey of '{name}' is not that of its key; copy the vkey again")
    return name, data[0], data[1:]


def encode_skey(name: str, kind: int, identifier: bytes, seed: bytes) -> str:
    """A private key as one line, in the form that Go's note package uses. Keep it secret."""
    return f"{_PRIVATE}{name}+{identifier.hex()}+{base64.b64encode(bytes([kind]) + seed).decode()}"


def decode_skey(skey: str) -> tuple[str, int, bytes, bytes]:
    """Name, type, key id and seed of a private key's line; whoever makes the key of them compares the key id.

    Raises:
        MalformedNote: not `PRIVATE+KEY+name+hex+base64` with a seed of 32 bytes.
    """
    name, _, rest = skey.strip().removeprefix(_PRIVATE).partition("+")
    identifier, _, encoded = rest.partition("+")
    data = decode_base64(encoded)
    if not skey.startswith(_PRIVATE) or len(data) != 33 or not re.fullmatch(r"[0-9a-f]{8}", identifier):
        raise MalformedNote("not a signing key of the form PRIVATE+KEY+name+hex+base64")
    return name, data[0], bytes.fromhex(identifier), data[1:]


def decode_base64(text: str) -> bytes:
    """Standard base64 with padding, canonical form only. Raises MalformedNote."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedNote(f"not base64: {text[:60]!r}") from error
    if base64.b64encode(data).decode() != text:
        raise MalformedNote(f"not canonical base64: {text[:60]!r}")
    return data


def parse_lines(block: str) -> tuple[Signature, ...]:
    """Signature lines, each ending with a newline. Raises MalformedNote."""
    if not block.endswith("\n"):
        raise MalformedNote("signature lines end with a newline")
    return tuple(_parse_line(line) for line in block[:-1].split("\n"))


def _has_control_characters(text: str) -> bool:
    return any(character < " " and character != "\n" for character in text)


def _parse_line(line: str) -> Signature:
    name, separator, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not separator:
        raise MalformedNote(f"not a signature line: {line[:60]!r}")
    data = decode_base64(encoded)
    return Signature(name=name, key_id=data[:4], payload=data[4:])
