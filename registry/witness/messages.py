r"""What a log sends to a witness, and what it answers.

POST add-checkpoint:   "old " decimal "\n"   { base64(hash) "\n" }   "\n"   checkpoint
200 cosignature lines; 400 malformed; 403 not signed by the log; 404 unknown log; 409 another old size, which is the
body (text/x.tlog.size), or another root of the same size; 422 the proof does not hold
"""

import base64
from dataclasses import dataclass

from registry.errors import MalformedNote, MalformedRequest
from registry.log.checkpoint import MAX_SIZE
from registry.log.note import MAX_NOTE_CHARACTERS, Signature, decode_base64, parse_lines

PATH = "add-checkpoint"
SIZE_TYPE, TEXT_TYPE = "text/x.tlog.size", "text/plain; charset=utf-8"
MAX_BYTES = MAX_NOTE_CHARACTERS
MOST_HASHES = 63


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, content type and body of an HTTP response."""

    status: int
    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class AddCheckpoint:
    """A request to cosign. Law: `AddCheckpoint.parse(r.render()) == r`."""

    old: int
    hashes: tuple[bytes, ...]
    note: str

    def render(self) -> bytes:
        """The body of the request."""
        lines = [f"old {self.old}", *(base64.b64encode(value).decode() for value in self.hashes)]
        return ("\n".join(lines) + "\n\n" + self.note).encode()

    @classmethod
    def parse(cls, body: bytes) -> "AddCheckpoint":
        """The request with this body; the note in it is not parsed yet.

        Raises:
            MalformedRequest: too long, not UTF-8, or out of form.
        """
        if len(body) > MAX_BYTES:
            raise MalformedRequest(f"a request of {len(body)} bytes; a witness reads at most {MAX_BYTES}")
        try:
            head, separator, note = body.decode().partition("\n\n")
            first, *lines = head.split("\n")
            hashes = tuple(decode_base64(line) for line in lines[: MOST_HASHES + 1])
        except (UnicodeDecodeError, MalformedNote) as error:
            raise MalformedRequest(f"not a request to cosign: {error}") from error
        if not separator or not first.startswith("old ") or len(lines) > MOST_HASHES:
            raise MalformedRequest(f"a request has an old line, at most {MOST_HASHES} hashes, an empty line and a note")
        return cls(old=parse_size(first.removeprefix("old ")), hashes=hashes, note=note)


def parse_size(text: str) -> int:
    """A tree size in decimal without leading zeros. Raises MalformedRequest."""
    if not (text.isascii() and text.isdecimal()) or str(int(text[:20])) != text or int(text) > MAX_SIZE:
        raise MalformedRequest(f"{text[:30]!r} is not the size of a log")
    return int(text)


def parse_cosignatures(body: bytes) -> tuple[Signature, ...]:
    """The signature lines of a witness's answer, not verified.

    Raises:
        MalformedRequest: not signature lines.
    """
    try:
        return parse_lines(body[: MAX_BYTES + 1].decode())
    except (UnicodeDecodeError, MalformedNote) as error:
        raise MalformedRequest(f"the witness answered with no cosignature: {error}") from error
