"""What each scheme of `fingerprint.schemes` fits before a release is committed: one file and one row each."""

from distill.errors import SettingsError
from distill.fitting.base import Fit, Fitted, Ground
from distill.fitting.cosine import fit_cosine
from distill.fitting.static import fit_static


def _nothing(ground: Ground) -> Fitted:
    return Fitted(settings=dict(ground.kit.settings))


CATALOGUE: dict[str, Fit] = {"subspace": _nothing, "static": fit_static, "cosine": fit_cosine}


def fit(scheme: str, ground: Ground) -> Fitted:
    """The scheme's part of the verifier pack.

    Raises:
        SettingsError: no such scheme.
    """
    if scheme not in CATALOGUE:
        raise SettingsError(f"scheme {scheme!r} is none of {', '.join(CATALOGUE)}")
    return CATALOGUE[scheme](ground)


__all__ = ["CATALOGUE", "Fit", "Fitted", "Ground", "fit"]
