"""`subspace`, the default: input-dependent carriers. The codeword side is in `scoring`, which nothing here imports."""

from fingerprint.schemes.subspace.scheme import Subspace, signature_map

__all__ = ["Subspace", "signature_map"]
