r"""Checkpoints: signed notes that state a log's size and root (https://c2sp.org/tlog-checkpoint).

    origin "\n"  size in decimal "\n"  base64(root) "\n"

The first signature is the log's own, by a key whose name is the origin. A log must not sign two inconsistent
checkpoints; that is the business of `registry.log.log`, which signs what is committed and nothing else.
"""

import base64

from registry.errors import MalformedNote, SignatureInvalid
from registry.log.note import Note, NoteSigner, NoteVerifier, decode_base64, require_signature, sign_note
from registry.log.tree import EMPTY_ROOT, HASH_BYTES
from registry.records import Checkpoint

MAX_SIZE = 2**63 - 1


def body(origin: str, size: int, root: bytes) -> str:
    r"""The text that is signed.

    Example:
        >>> body("example.com/log", 0, EMPTY_ROOT)
        'example.com/log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n'
    """
    return f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"


def sign_checkpoint(size: int, root: bytes, signer: NoteSigner, *others: NoteSigner) -> Checkpoint:
    """A checkpoint signed by the log's key, whose name is the origin, and by any others."""
    note = sign_note(body(signer.name, size, root), signer, *others)
    return Checkpoint(origin=signer.name, size=size, root=root, note=note.render())


def parse_text(text: str) -> tuple[str, int, bytes]:
    """Origin, size and root that a checkpoint's text states; extension lines, which say nothing of the tree, are left.

    Raises:
        MalformedNote: not the text of a checkpoint.
    """
    lines = text.split("\n")
    if len(lines) < 4 or lines.pop() or not all(lines):
        raise MalformedNote("a checkpoint has three lines or more (origin, size, root), none of them empty")
    origin, size, root = lines[0], lines[1], decode_base64(lines[2])
    if not (size.isascii() and size.isdecimal()) or str(int(size[:20])) != size or int(size) > MAX_SIZE:
        raise MalformedNote(f"{size[:30]!r} is not the size of a log")
    if len(root) != HASH_BYTES or (size == "0" and root != EMPTY_ROOT):
        raise MalformedNote(f"a root has {HASH_BYTES} bytes, and the root of no entries is the empty root")
    return origin, int(size), root


def parse_checkpoint(note: str) -> Checkpoint:
    """The checkpoint in a note, its signatures not verified.

    Raises:
        MalformedNote: not a note, or its text is no checkpoint.
    """
    origin, size, root = parse_text(Note.parse(note).text)
    return Checkpoint(origin=origin, size=size, root=root, note=note)


def open_checkpoint(note: str, verifier: NoteVerifier) -> Checkpoint:
    """The checkpoint in a note that the verifier's key signed and whose origin is that key's name.

    Raises:
        MalformedNote: not a checkpoint.
        SignatureInvalid: of another log, or not signed by it.
    """
    checkpoint = parse_checkpoint(note)
    if checkpoint.origin != verifier.name:
        raise SignatureInvalid(f"a checkpoint of '{checkpoint.origin}', not of '{verifier.name}'")
    require_signature(Note.parse(note), verifier)
    return checkpoint
