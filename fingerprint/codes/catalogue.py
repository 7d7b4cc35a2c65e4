"""Small and large codes by name, for the conformance suite and for choosing one: a new code is one file and a row."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from fingerprint.codes.base import Code
from fingerprint.codes.composed import Blocks, Concatenated
from fingerprint.codes.golay import Golay
from fingerprint.codes.repetition import Repetition

#: Name of a family to one typical member of it.
FAMILIES: Mapping[str, Callable[[], Code]] = MappingProxyType(
    {
        "repetition": lambda: Repetition(5),
        "golay": Golay,
        "blocks": lambda: Blocks(Golay(), 3),
        "concatenated": lambda: Concatenated(Blocks(Golay(), 2), Repetition(3)),
    }
)
