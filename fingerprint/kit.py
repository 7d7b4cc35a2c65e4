"""Signing kit: what the release engineer signs copies with, in one safetensors file. It never leaves the signer.

| tensor | shape | what |
|---|---|---|
| `mean`, `projection` | (F,), (F, k) float64 | whitening of the teacher's penultimate features |
| `minting` | (F' + 1, k) float64, optional | A: base student's penultimate features and a one -> h |

Distilling needs the whitening and the strength; minting needs A. With A, a device's copy is the base with

    W <- W + eps sigma_z M_d A_w^T / sqrt(k),   bias <- bias + eps sigma_z M_d A_b / sqrt(k)

a rank-k edit of the last layer: no training, no teacher.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fingerprint import canonical, schemes, tensorfile
from fingerprint.carriers import Rotation
from fingerprint.errors import CanonicalMalformed, KitMalformed, MalformedError, ParameterError
from fingerprint.schemes.subspace import signature_map
from fingerprint.whitening import Whitening

TAG = "countermark/signing-kit"
VERSION = 1
DEFAULT_STRENGTH = 0.08
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class SigningKit:
    """Carriers and strength of one release, signer's side.

    Law: `SigningKit.from_bytes(k.to_bytes())` has equal bytes.

    Attributes:
        release: id of the release, the digest of its verifier pack.
        release_key: the same 32 bytes as in the pack.
        whitening: features -> h.
        classes: C.
        strength: eps, as a fraction of sigma_z (`cosine`: its own unit, see there).
        sigma: sigma_z, standard deviation of the teacher's centred logits on the transfer set.
        minting: A, float64 (F' + 1, k), the last row for the bias; None for a release that only distils.
        scheme: one of `fingerprint.schemes.CATALOGUE`.
        settings: the scheme's constants, the same as in the pack.

    Raises:
        ParameterError: shapes that disagree, or a strength or sigma that is not positive and finite.
    """

    release: str
    release_key: bytes
    whitening: Whitening
    classes: int
    strength: float
    sigma: float
    minting: Floats | None = None
    scheme: str = schemes.DEFAULT
    settings: schemes.Settings = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0 < self.strength < 10 or not 0 < self.sigma < float("inf"):
            raise ParameterError(f"strength {self.strength} and sigma {self.sigma} must be positive; strength below 10")
        schemes.scheme(self.scheme)
        if len(self.release_key) != 32 or self.classes < 2:
            raise ParameterError("a kit needs a release key of 32 bytes and two classes or more")
        if self.minting is not None and (self.minting.ndim != 2 or self.minting.shape[1] != self.whitening.components):
            raise ParameterError(f"minting map of shape {self.minting.shape}; need (features + 1, components)")

    @property
    def bits(self) -> int:
        """L, length of a codeword; `subspace`: (C-1) k."""
        rules = schemes.scheme(self.scheme)
        return rules.bits(classes=self.classes, components=self.whitening.components, settings=self.settings)

    @cached_property
    def rotation(self) -> Rotation:
        """R of this release."""
        return Rotation(key=self.release_key, length=self.bits)

    def shift(self, codeword: ArrayLike, *, inputs: ArrayLike, logits: ArrayLike, features: ArrayLike) -> Floats:
        """Change of the teacher's logits for one device, float64 (n, C).

        Args:
            codeword: c_d of the device.
            inputs: x, (n, ...).
            logits: z(x), (n, C).
            features: f(x), (n, F).

        Raises:
            ParameterError: not a codeword of this release.
        """
        return self.shift_of(codeword, inputs=inputs, logits=logits, whitened=self.whitening(features))

    def shift_of(self, codeword: ArrayLike, *, inputs: ArrayLike, logits: ArrayLike, whitened: ArrayLike) -> Floats:
        """`shift` from h(x), (n, k), for whoever keeps this instead of the features, which are many times as wide.

        Raises:
            ParameterError: not a codeword of this release.
        """
        rules = schemes.scheme(self.scheme)
        return rules.shift(self, codeword, inputs=inputs, logits=logits, whitened=whitened)

    def signature_map(self, codeword: ArrayLike) -> Floats:
        """S_d = eps sigma_z M_d / sqrt(k), float64 (C, k): under `subspace` the shift of the logits is S_d h(x).

        Raises:
            ParameterError: not a codeword of this release, or another scheme.
        """
        if self.scheme != schemes.DEFAULT:
            raise ParameterError(f"the scheme {self.scheme!r} has no linear map; use `shift`")
        return signature_map(self, codeword)

    def head_delta(self, codeword: ArrayLike) -> tuple[Floats, Floats]:
        """Weight change (C, F') and bias change (C,) of the base's last layer for one device.

        Raises:
            ParameterError: the release cannot mint, or not a codeword of this release.
        """
        if self.minting is None:
            raise ParameterError(
                "this release has no minting base; distil the copy, or prepare the release with a base"
            )
        return schemes.scheme(self.scheme).head_change(self, codeword)

    def to_bytes(self) -> bytes:
        """The file's bytes."""
        header = {
            "release": self.release,
            "release_key": self.release_key.hex(),
            "classes": self.classes,
            "strength": self.strength,
            "sigma": self.sigma,
            "scheme": self.scheme,
            "settings": dict(self.settings),
        }
        tensors: dict[str, Any] = {"mean": self.whitening.mean, "projection": self.whitening.projection}
        if self.minting is not None:
            tensors["minting"] = self.minting
        return tensorfile.save(tensors, canonical.encode(TAG, header, version=VERSION))

    @classmethod
    def from_bytes(cls, data: bytes) -> "SigningKit":
        """The kit whose bytes are `data`.

        Raises:
            KitMalformed: truncated, not a kit, of another version, or tensors that disagree.
        """
        try:
            raw, tensors = tensorfile.load(data)
            header = canonical.decode(TAG, raw, version=VERSION)
            floats = {name: np.asarray(tensor, dtype=np.float64) for name, tensor in tensors.items()}
            kit = cls(
                release=header["release"],
                release_key=bytes.fromhex(header["release_key"]),
                whitening=Whitening(mean=floats.pop("mean"), projection=floats.pop("projection")),
                classes=header["classes"],
                strength=float(header["strength"]),
                sigma=float(header["sigma"]),
                scheme=header["scheme"],
                settings=dict(header["settings"]),
                **floats,
            )
        except (ParameterError, MalformedError, CanonicalMalformed, KeyError, TypeError, ValueError) as error:
            raise KitMalformed(f"not a signing kit: {error}; prepare the release again") from error
        if kit.to_bytes() != data:
            raise KitMalformed("not a signing kit in canonical form; prepare the release again")
        return kit
