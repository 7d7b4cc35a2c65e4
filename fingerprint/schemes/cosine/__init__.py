"""`cosine`: CosWM, the published peer. The codeword side is in `scoring`, which nothing here imports."""

from fingerprint.schemes.cosine.keys import scale
from fingerprint.schemes.cosine.scheme import Cosine

__all__ = ["Cosine", "scale"]
