r"""Proofs in a file that needs no network: `.tlog-proof`, https://c2sp.org/tlog-proof.

"c2sp.org/tlog-proof@v1\n"  ["extra " base64 "\n"]  "index " decimal "\n"  { base64(hash) "\n" }  "\n"  checkpoint
"""

import base64
from dataclasses import dataclass

from registry.errors import MalformedNote
from registry.log import tree
from registry.log.checkpoint import MAX_SIZE, parse_checkpoint
from registry.log.note import MAX_NOTE_CHARACTERS, decode_base64
from registry.records import Checkpoint, InclusionProof

FIRST_LINE = "c2sp.org/tlog-proof@v1"
SUFFIX = ".tlog-proof"
_MOST_HASHES = 63


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofFile:
    """An inclusion proof with its checkpoint. Law: `ProofFile.parse(p.render()) == p`.

    `extra` belongs to the application and is authenticated by nothing here.
    """

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: Checkpoint
    extra: bytes | None = None

    @classmethod
    def of(cls, proof: InclusionProof, *, extra: bytes | None = None) -> "ProofFile":
        """The file of a proof that the registry made."""
        return cls(index=proof.index, hashes=proof.hashes, checkpoint=proof.checkpoint, extra=extra)

    def render(self) -> str:
        """The file."""
        lines = [FIRST_LINE]
        if self.extra is not None:
            lines.append(f"extra {base64.b64encode(self.extra).decode()}")
        lines += [f"index {self.index}", *(base64.b64encode(value).decode() for value in self.hashes)]
        return "\n".join(lines) + "\n\n" + self.checkpoint.note

    @classmethod
    def parse(cls, text: str) -> "ProofFile":
        """The proof whose file is `text`, nothing verified yet.

        Raises:
            MalformedNote: not such a file.
        """
        head, separator, note = text[:MAX_NOTE_CHARACTERS].partition("\n\n")
        first, *lines = head.split("\n")
        if first != FIRST_LINE or not separator or not lines:
            raise MalformedNote(f"not a proof file: it starts with {FIRST_LINE} and ends with a checkpoint")
        extra = decode_base64(lines.pop(0).removeprefix("extra ")) if lines[0].startswith("extra ") else None
        index = lines.pop(0).removeprefix("index ") if lines and lines[0].startswith("index ") else ""
        if not (index.isascii() and index.isdecimal()) or str(int(index[:20])) != index or int(index) > MAX_SIZE:
            raise MalformedNote("a proof file has an index line before its hashes")
        hashes = tuple(decode_base64(line) for line in lines[: _MOST_HASHES + 1])
        if len(lines) > _MOST_HASHES or any(len(value) != tree.HASH_BYTES for value in hashes):
            raise MalformedNote(f"a proof has at most {_MOST_HASHES} hashes of {tree.HASH_BYTES} bytes")
        return cls(index=int(index), hashes=hashes, checkpoint=parse_checkpoint(note), extra=extra)

    def verify(self, entry: bytes) -> None:
        """Return if the proof shows the entry under the checkpoint; the checkpoint's signatures are another question.

        Raises:
            ProofInvalid: it does not.
        """
        size, root = self.checkpoint.size, self.checkpoint.root
        tree.verify_inclusion(tree.leaf_hash(entry), self.index, size, self.hashes, root)
