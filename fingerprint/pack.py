"""Verifier pack: everything the verifier needs, in one safetensors file with a versioned header. numpy only.

| tensor | shape | what |
|---|---|---|
| `probes` | (n, ...) float32 | inputs to send to a suspect |
| `features` | (n, k) float32 | h(x_i) |
| `reference.NAME` | (n, C) float32 | z_ref(x_i): centred mean logits of clean students, or of a minting base |

The release id is the digest of the file: whoever changes one byte has another release. The header carries the release
key, so the pack stays with the registry; only `probes` leave it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprint import canonical, statistics, tensorfile
from fingerprint.carriers import Rotation
from fingerprint.errors import CanonicalMalformed, MalformedError, PackMalformed, ParameterError
from fingerprint.observation import Kind
from fingerprint.pool import Pool, Term

TAG = "countermark/verifier-pack"
SCHEME, SCHEME_VERSION = "subspace", 1
STATISTIC = "t = <c, y> / |y|"
DEFAULT_ALPHA = 1e-6
DEFAULT_RIDGE = 0.3
Floats = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class VerifierPack:
    """What a release is verified with.

    Law: `VerifierPack.from_bytes(p.to_bytes())` has equal bytes.

    Attributes:
        release_key: 32 bytes from which the carriers' rotation is drawn.
        probes: inputs, float32 (n, ...).
        features: h, float32 (n, k), finite.
        references: z_ref by name, float32 (n, C), rows summing to zero.
        pool: fixed weights per kind of answer.
        alpha: declared family-wise false-accusation probability.
        ridge: lambda of the efficient score.

    Raises:
        ParameterError: shapes that disagree, NaN, weights of an unknown reference, alpha or ridge out of range.
    """

    release_key: bytes
    probes: Floats
    features: Floats
    references: Mapping[str, Floats]
    pool: Pool
    alpha: float = DEFAULT_ALPHA
    ridge: float = DEFAULT_RIDGE
    scheme: str = SCHEME

    def __post_init__(self) -> None:
        if len(self.release_key) != 32:
            raise ParameterError(f"the release key has {len(self.release_key)} bytes; it must have 32")
        if not 0 < self.alpha < 1 or not 0 < self.ridge < 1e6:
            raise ParameterError(f"alpha {self.alpha} must lie in 0..1 and ridge {self.ridge} be positive")
        if self.scheme != SCHEME:
            raise ParameterError(f"scheme {self.scheme!r} is unknown; this version reads {SCHEME!r}")
        self._check_tensors()
        self._check_pool()

    def _check_tensors(self) -> None:
        if self.features.ndim != 2 or self.features.shape[0] < 2 or self.features.shape[1] < 1:
            raise ParameterError(
                f"features of shape {self.features.shape}; need (probes, components), two probes or more"
            )
        if self.probes.ndim < 2 or len(self.probes) != self.count:
            raise ParameterError(f"probes of shape {self.probes.shape} do not match {self.count} rows of features")
        shapes = {reference.shape for reference in self.references.values()}
        if len(shapes) != 1 or len(first := next(iter(shapes))) != 2 or first[0] != self.count or first[1] < 2:
            raise ParameterError(
                f"references of shapes {sorted(shapes)}; need ({self.count}, classes), two classes or more"
            )
        for name, tensor in {"probes": self.probes, "features": self.features, **self.references}.items():
            if tensor.dtype != np.float32 or not np.isfinite(tensor).all():
                raise ParameterError(f"{name} must be finite float32, not {tensor.dtype} with NaN or infinity")

    def _check_pool(self) -> None:
        if set(self.pool) != set(Kind) or not all(self.pool.values()):
            raise ParameterError(f"the pool must weigh every kind of answer: {', '.join(Kind)}")
        named = {term.reference for terms in self.pool.values() for term in terms}
        if not named <= set(self.references):
            raise ParameterError(
                f"the pool weighs references that the pack lacks: {sorted(named - set(self.references))}"
            )

    @property
    def count(self) -> int:
        """n, number of probes."""
        return int(self.features.shape[0])

    @property
    def components(self) -> int:
        """k."""
        return int(self.features.shape[1])

    @property
    def classes(self) -> int:
        """C."""
        return int(next(iter(self.references.values())).shape[1])

    @property
    def bits(self) -> int:
        """L = (C-1) k."""
        return (self.classes - 1) * self.components

    @cached_property
    def rotation(self) -> Rotation:
        """R of this release."""
        return Rotation(key=self.release_key, length=self.bits)

    @cached_property
    def release_id(self) -> str:
        """Digest of the pack's bytes."""
        return canonical.digest(self.to_bytes())

    def commitment(self) -> dict[str, Any]:
        """What is committed in the log before release: digests and constants, nothing secret."""
        return {
            "pack_digest": self.release_id,
            "scheme": self.scheme,
            "scheme_version": SCHEME_VERSION,
            "carriers": canonical.digest(b"countermark/carriers/v1" + self.release_key),
            "probes": canonical.digest(self.probes.tobytes()),
            "probe_count": self.count,
            "bits": self.bits,
            "references": {name: canonical.digest(self.references[name].tobytes()) for name in sorted(self.references)},
            "statistic": STATISTIC,
            "bound": statistics.BOUND_NAME,
            "alpha": self.alpha,
            "ridge": self.ridge,
            "pool": _pool_fields(self.pool),
        }

    def to_bytes(self) -> bytes:
        """The file's bytes; equal packs give equal bytes."""
        header = {
            "scheme": self.scheme,
            "scheme_version": SCHEME_VERSION,
            "release_key": self.release_key.hex(),
            "alpha": self.alpha,
            "ridge": self.ridge,
            "pool": _pool_fields(self.pool),
        }
        tensors = {f"reference.{name}": tensor for name, tensor in self.references.items()}
        return tensorfile.save(
            {"probes": self.probes, "features": self.features, **tensors}, canonical.encode(TAG, header)
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> "VerifierPack":
        """The pack whose bytes are `data`.

        Raises:
            PackMalformed: truncated, not a pack, of another version, or tensors that disagree.
        """
        try:
            raw, tensors = tensorfile.load(data)
            header = canonical.decode(TAG, raw)
            return cls._assemble(header, tensors)
        except (ParameterError, MalformedError, CanonicalMalformed, KeyError, TypeError, ValueError) as error:
            raise PackMalformed(f"not a verifier pack: {error}; ask the release engineer for the file again") from error

    @classmethod
    def _assemble(cls, header: dict[str, Any], tensors: dict[str, Any]) -> "VerifierPack":
        if header["scheme_version"] != SCHEME_VERSION:
            raise PackMalformed(f"scheme version {header['scheme_version']}; this version reads {SCHEME_VERSION}")
        references = {
            name.removeprefix("reference."): tensors[name] for name in tensors if name.startswith("reference.")
        }
        if set(tensors) - {"probes", "features", *(f"reference.{name}" for name in references)}:
            raise PackMalformed(f"unknown tensors among {sorted(tensors)}")
        return cls(
            release_key=bytes.fromhex(header["release_key"]),
            probes=tensors["probes"],
            features=tensors["features"],
            references=references,
            pool={Kind(kind): tuple(Term(**term) for term in terms) for kind, terms in header["pool"].items()},
            alpha=float(header["alpha"]),
            ridge=float(header["ridge"]),
            scheme=header["scheme"],
        )


def _pool_fields(pool: Pool) -> dict[str, Any]:
    return {kind.value: [{n: getattr(t, n) for n in Term.__slots__} for t in terms] for kind, terms in pool.items()}
