"""Error-correcting codes behind one protocol, vectorised with numpy."""

from fingerprint.codes.base import Bits, Code, Decoding, Values, bits_of, values_of
from fingerprint.codes.bch import Bch
from fingerprint.codes.composed import Blocks, Concatenated
from fingerprint.codes.golay import Golay
from fingerprint.codes.polar import Polar
from fingerprint.codes.repetition import Repetition

__all__ = [
    "Bch",
    "Bits",
    "Blocks",
    "Code",
    "Concatenated",
    "Decoding",
    "Golay",
    "Polar",
    "Repetition",
    "Values",
    "bits_of",
    "values_of",
]
