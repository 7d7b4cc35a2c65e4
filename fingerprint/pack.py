"""Verifier pack: everything the verifier needs, in one safetensors file with a versioned header. numpy only.

| tensor | shape | what |
|---|---|---|
| `probes` | (n, ...) float32 | inputs to send to a suspect |
| `features` | (n, k) float32 | h(x_i) |
| `reference.NAME` | (n, C) float32 | z_ref(x_i): centred mean logits of clean students, or of a minting base |
| `expressed` | (n, k) float32 | e(x_i), what the minting base expresses of h; only where copies are minted |
| `scheme.NAME` | float32 | what the scheme needs besides, for example the weights of a decoder |

The release id is the digest of the file: whoever changes one byte has another release. The header carries the release
key, so the pack stays with the registry; only `probes` leave it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprint import canonical, schemes, tensorfile
from fingerprint.carriers import Rotation
from fingerprint.errors import CanonicalMalformed, MalformedError, PackMalformed, ParameterError
from fingerprint.observation import Kind
from fingerprint.pool import Pool, Term, in_part

TAG = "countermark/verifier-pack"
DEFAULT_ALPHA = 1e-6
DEFAULT_RIDGE = 1.0  # docs/scores.md compares
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
        scheme: one of `fingerprint.schemes.CATALOGUE`.
        settings: the scheme's constants, plain JSON values.
        tensors: the scheme's own arrays by name, float32.
        expressed: e, float32 (n, k), finite; None where no copy is minted.
        mixture_every: m, every m-th probe is a mixture of inputs (`fingerprint.probes`); 0 for none, else 2 or more.

    Raises:
        ParameterError: shapes that disagree, NaN, alpha or ridge out of range, or what the scheme cannot verify with.
    """

    release_key: bytes
    probes: Floats
    features: Floats
    references: Mapping[str, Floats]
    pool: Pool
    alpha: float = DEFAULT_ALPHA
    ridge: float = DEFAULT_RIDGE
    scheme: str = schemes.DEFAULT
    settings: schemes.Settings = field(default_factory=dict)
    tensors: Mapping[str, Floats] = field(default_factory=dict)
    expressed: Floats | None = None
    mixture_every: int = 0

    def __post_init__(self) -> None:
        if len(self.release_key) != 32:
            raise ParameterError(f"the release key has {len(self.release_key)} bytes; it must have 32")
        if not 0 < self.alpha < 1 or not 0 < self.ridge < 1e6:
            raise ParameterError(f"alpha {self.alpha} must lie in 0..1 and ridge {self.ridge} be positive")
        if self.mixture_every not in (0, *range(2, self.count + 1)):
            raise ParameterError(f"every {self.mixture_every}-th probe a mixture: 0, or 2 to {self.count}")
        rules = schemes.scheme(self.scheme)
        self._check_tensors()
        rules.check(self)

    def _check_tensors(self) -> None:
        if self.features.ndim != 2 or self.features.shape[0] < 2:
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
        named = {"probes": self.probes, "features": self.features, **self._expressed, **self.references, **self.tensors}
        if self.expressed is not None and self.expressed.shape != self.features.shape:
            raise ParameterError(f"expressed of shape {self.expressed.shape}; the features have {self.features.shape}")
        for name, tensor in named.items():
            if tensor.dtype != np.float32 or not np.isfinite(tensor).all():
                raise ParameterError(f"{name} must be finite float32, not {tensor.dtype} with NaN or infinity")

    @property
    def _expressed(self) -> dict[str, Floats]:
        return {} if self.expressed is None else {"expressed": self.expressed}

    @property
    def _mixing(self) -> dict[str, int]:
        return {"mixture_every": self.mixture_every} if self.mixture_every else {}

    def rows(self, part: str) -> NDArray[np.intp]:
        """Numbers of the probes in a part: `all`, `inputs` or `mixtures`."""
        return in_part(self.count, part, mixture_every=self.mixture_every)

    def first(self, count: int) -> "VerifierPack":
        """The same release over its first probes alone: what a look of a sequential plan reads."""
        return replace(
            self,
            probes=self.probes[:count],
            features=self.features[:count],
            references={name: reference[:count] for name, reference in self.references.items()},
            expressed=None if self.expressed is None else self.expressed[:count],
        )

    def arrays(self) -> tuple[Floats, ...]:
        """Every array that it holds."""
        return self.probes, self.features, *self._expressed.values(), *self.references.values(), *self.tensors.values()

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
        """L, length of a codeword; `subspace`: (C-1) k."""
        rules = schemes.scheme(self.scheme)
        return rules.bits(classes=self.classes, components=self.components, settings=self.settings)

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
        rules = schemes.scheme(self.scheme)
        return {
            "pack_digest": self.release_id,
            "scheme": self.scheme,
            "scheme_version": rules.version,
            "carriers": canonical.digest(b"countermark/carriers/v1" + self.release_key),
            "probes": canonical.digest(self.probes.tobytes()),
            "probe_count": self.count,
            "bits": self.bits,
            "references": _digests(self.references),
            "statistic": rules.statistic,
            "bound": rules.bound,
            "alpha": self.alpha,
            "ridge": self.ridge,
            "pool": _pool_fields(self.pool),
            "settings": dict(self.settings),
            "tensors": _digests(self.tensors),
            **_digests(self._expressed),
            **self._mixing,
        }

    def to_bytes(self) -> bytes:
        """The file's bytes; equal packs give equal bytes."""
        header = {
            "scheme": self.scheme,
            "scheme_version": schemes.scheme(self.scheme).version,
            "release_key": self.release_key.hex(),
            "alpha": self.alpha,
            "ridge": self.ridge,
            "pool": _pool_fields(self.pool),
            "settings": dict(self.settings),
            **self._mixing,
        }
        tensors = {f"reference.{name}": tensor for name, tensor in self.references.items()}
        tensors |= {f"scheme.{name}": tensor for name, tensor in self.tensors.items()}
        return tensorfile.save(
            {"probes": self.probes, "features": self.features, **self._expressed, **tensors},
            canonical.encode(TAG, header),
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> "VerifierPack":
        """The pack whose bytes are `data`.

        Raises:
            PackMalformed: truncated, not a pack, of another version, not canonical, or tensors that disagree.
        """
        try:
            raw, tensors = tensorfile.load(data)
            header = canonical.decode(TAG, raw)
            pack = cls._assemble(header, tensors)
        except (ParameterError, MalformedError, CanonicalMalformed, KeyError, TypeError, ValueError) as error:
            raise PackMalformed(f"not a verifier pack: {error}; ask the release engineer for the file again") from error
        if pack.to_bytes() != data:  # or two files would be one release
            raise PackMalformed("not a verifier pack in canonical form; ask the release engineer for the file again")
        return pack

    @classmethod
    def _assemble(cls, header: dict[str, Any], tensors: dict[str, Any]) -> "VerifierPack":
        version = schemes.scheme(header["scheme"]).version
        if header["scheme_version"] != version:
            raise PackMalformed(f"scheme version {header['scheme_version']}; this version reads {version}")
        references, own = _under("reference.", tensors), _under("scheme.", tensors)
        expressed = tensors.get("expressed")
        if len(tensors) != len(references) + len(own) + 2 + (expressed is not None):
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
            settings=dict(header["settings"]),
            tensors=own,
            expressed=expressed,
            mixture_every=header.get("mixture_every", 0),
        )


def _under(prefix: str, tensors: Mapping[str, Any]) -> dict[str, Any]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _digests(tensors: Mapping[str, Floats]) -> dict[str, str]:
    return {name: canonical.digest(tensors[name].tobytes()) for name in sorted(tensors)}


def _pool_fields(pool: Pool) -> dict[str, Any]:
    return {kind.value: [term.written() for term in terms] for kind, terms in pool.items()}
