"""The schemes that are recomputed here: what each states of itself, and what a pack of it holds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fingerprint.replay import bounds

Settings = Mapping[str, Any]
DEFAULT_BITS = 128
"""Length of a codeword of `static` and `cosine` where the settings give none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """One scheme.

    Attributes:
        version: of the scheme.
        statistic, bound: formulas, as committed.
        bits: L, of classes C, components k and settings.
        settings: which settings a pack may have.
        fresh: how many codewords of nobody are scored for a pack; fewer where one score takes milliseconds.
    """

    version: int
    statistic: str
    bound: str
    bits: Callable[[int, int, Settings], int]
    settings: frozenset[str]
    fresh: int


def _own_bits(classes: int, components: int, settings: Settings) -> int:  # noqa: ARG001 - one signature for all
    return int(settings.get("bits", DEFAULT_BITS))


RULES = {
    "subspace": Rules(
        version=1,
        statistic="t = <c, y> / |y|",
        bound=bounds.BOUND,
        bits=lambda classes, components, _: (classes - 1) * components,
        settings=frozenset(),
        fresh=10_000,
    ),
    "static": Rules(
        version=1,
        statistic="number of the C - 1 decoded bits that agree with the folded codeword",
        bound="P(Binomial(C - 1, 1/2) >= agreements), exact",
        bits=_own_bits,
        settings=frozenset({"bits"}),
        fresh=10_000,
    ),
    "cosine": Rules(
        version=1,
        statistic="Lomb-Scargle power of (u, q_i*) at f over mean power elsewhere",
        bound="(1 + #{fresh keys with SNR at least as large}) / (M + 1), exact; union bound over devices",
        bits=_own_bits,
        settings=frozenset({"bits", "frequency", "scale", "trials"}),
        fresh=200,
    ),
}
