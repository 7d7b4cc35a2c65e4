"""Small and large codes by name, for the conformance suite and for choosing one: a new code is one file and a row."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from fingerprint.codes.base import Code
from fingerprint.codes.bch import Bch
from fingerprint.codes.composed import Blocks, Concatenated
from fingerprint.codes.golay import Golay
from fingerprint.codes.polar import Polar, design
from fingerprint.codes.repetition import Repetition

#: Name of a family to one typical member of it.
FAMILIES: Mapping[str, Callable[[], Code]] = MappingProxyType(
    {
        "repetition": lambda: Repetition(5),
        "golay": Golay,
        "bch": lambda: Bch(degree=6, t=7),
        "bch-shortened": lambda: Bch(degree=8, t=18, shortened=40),
        "bch-large": lambda: Bch(degree=9, t=55),
        "polar": lambda: Polar(n=128, information=design(128, 48, error=0.1), checks=8, paths=4, error=0.1),
        "polar-punctured": lambda: Polar(n=100, information=design(100, 40, error=0.1), checks=16, paths=8, error=0.1),
        "polar-in-repetition": lambda: Concatenated(
            Polar(n=64, information=design(64, 16, error=0.1), checks=0, paths=1, error=0.1), Repetition(3)
        ),
        "blocks": lambda: Blocks(Golay(), 3),
        "concatenated": lambda: Concatenated(Blocks(Golay(), 2), Repetition(3)),
    }
)
