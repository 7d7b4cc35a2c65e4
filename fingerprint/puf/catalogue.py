"""Kinds of weak PUF by name: a new kind is one file and one row here."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from fingerprint.errors import ParameterError
from fingerprint.puf.base import WeakPuf, check_count
from fingerprint.puf.ring_oscillator import RingOscillatorPuf, RingParameters
from fingerprint.puf.sram import SramParameters, SramPuf

#: From secret, response bits and the kind's numeric parameters to one chip.
Builder = Callable[[bytes, int, Mapping[str, float]], WeakPuf]


def _sram(secret: bytes, cells: int, parameters: Mapping[str, float]) -> WeakPuf:
    return SramPuf.manufacture(secret, cells=cells, parameters=SramParameters(**parameters))


def _ring(secret: bytes, cells: int, parameters: Mapping[str, float]) -> WeakPuf:
    check_count("cells", cells)
    return RingOscillatorPuf.manufacture(secret, oscillators=2 * cells, parameters=RingParameters(**parameters))


WEAK: Mapping[str, Builder] = MappingProxyType({"sram": _sram, "ring-oscillator": _ring})


def build(kind: str, secret: bytes, *, cells: int, parameters: Mapping[str, float]) -> WeakPuf:
    """One chip of a kind in the catalogue.

    Example:
        >>> build("sram", b"secret", cells=8, parameters={"noise": 0.1}).cells
        8

    Raises:
        ParameterError: an unknown kind, or a parameter that the kind does not have or allow.
    """
    if kind not in WEAK:
        raise ParameterError(f"no PUF of kind {kind!r}; choose one of {', '.join(WEAK)}")
    try:
        return WEAK[kind](secret, cells, parameters)
    except TypeError as error:
        raise ParameterError(f"{kind}: {error}") from error
