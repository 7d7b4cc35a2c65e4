"""The codewords of a release held in memory, for whoever may not write them to a disk."""

from dataclasses import dataclass

from fingerprint.identify.layout import Blocks


@dataclass(frozen=True, kw_only=True)
class HeldCodewords:
    """Packed codewords of one release, searched like a file of them (`IndexFile`).

    Attributes:
        release: release id that the codewords were drawn for.
        packed: the codewords.
    """

    release: str
    packed: Blocks

    @property
    def bits(self) -> int:
        """L."""
        return self.packed.bits

    @property
    def count(self) -> int:
        """N."""
        return self.packed.count

    def blocks(self) -> Blocks:
        """All blocks."""
        return self.packed
