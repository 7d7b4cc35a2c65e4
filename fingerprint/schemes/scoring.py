"""The codeword side of every scheme by name. `fingerprint.verify.judge` alone needs it."""

from fingerprint.errors import ParameterError
from fingerprint.schemes.cosine.scoring import CosineScoring
from fingerprint.schemes.scores import Scores, Scoring
from fingerprint.schemes.static.scoring import StaticScoring
from fingerprint.schemes.subspace.scoring import SubspaceScoring

CATALOGUE: dict[str, Scoring] = {"subspace": SubspaceScoring(), "static": StaticScoring(), "cosine": CosineScoring()}


def scoring(name: str) -> Scoring:
    """The scoring of that scheme.

    Raises:
        ParameterError: with the names that there are.
    """
    if name not in CATALOGUE:
        raise ParameterError(f"scheme {name!r} is unknown; this version knows {', '.join(CATALOGUE)}")
    return CATALOGUE[name]


__all__ = ["CATALOGUE", "Scores", "Scoring", "scoring"]
