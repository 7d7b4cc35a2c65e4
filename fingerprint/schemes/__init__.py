"""Schemes by name, codeword-blind side. A new scheme is one folder here, one row below and one in `scoring`."""

from fingerprint.errors import ParameterError
from fingerprint.schemes.base import Kit, Pack, Scheme, Settings
from fingerprint.schemes.cosine import Cosine
from fingerprint.schemes.static import Static
from fingerprint.schemes.subspace import Subspace

CATALOGUE: dict[str, Scheme] = {row.name: row for row in (Subspace(), Static(), Cosine())}
DEFAULT = Subspace().name


def scheme(name: str) -> Scheme:
    """The scheme of that name.

    Raises:
        ParameterError: with the names that there are.

    Example:
        >>> scheme("subspace").version
        1
    """
    if name not in CATALOGUE:
        raise ParameterError(f"scheme {name!r} is unknown; this version knows {', '.join(CATALOGUE)}")
    return CATALOGUE[name]


__all__ = ["CATALOGUE", "DEFAULT", "Kit", "Pack", "Scheme", "Settings", "scheme"]
