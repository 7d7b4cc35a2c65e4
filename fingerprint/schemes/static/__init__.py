"""`static`: the seed paper's idea, one signed offset per class, the same for every input."""

from fingerprint.schemes.static.scheme import Static

__all__ = ["Static"]
