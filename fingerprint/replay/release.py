"""A verifier pack, read by numpy alone, and the commitment that it must agree with."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprint import canonical
from fingerprint.errors import MalformedError, PackMalformed, ParameterError
from fingerprint.observation import Kind
from fingerprint.pool import BASE, TEACHER, Pool, Term, in_part
from fingerprint.replay import bounds, tensors

PACK_TAG = "countermark/verifier-pack"
SCHEME, VERSION, STATISTIC = "subspace", 1, "t = <c, y> / |y|"
Floats = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Release:
    """What the evidence of one release is computed with.

    Attributes:
        release_id: digest of the pack's bytes.
        release_key: 32 bytes from which R is drawn.
        probes, features, references: (n, ...), h (n, k), z_ref by name (n, C).
        expressed: e (n, k); None where the release does not say what its base expresses of h.
        mixture_every: every how many of the probes are a mixture; 0 for none.
        pool: weights by kind of answer.
        alpha, ridge: as declared.
    """

    release_id: str
    release_key: bytes
    probes: Floats
    features: Floats
    references: Mapping[str, Floats]
    expressed: Floats | None
    mixture_every: int
    pool: Pool
    alpha: float
    ridge: float

    @classmethod
    def parse(cls, data: bytes) -> "Release":
        """The release whose verifier pack is `data`.

        Raises:
            PackMalformed: not a pack, tensors that disagree, or a scheme that is not recomputed here.
        """
        try:
            raw, found = tensors.read(data)
            header = canonical.decode(PACK_TAG, raw)
            if (header["scheme"], header["scheme_version"]) != (SCHEME, VERSION):
                raise PackMalformed(f"scheme {header['scheme']!r} is not recomputed here, only {SCHEME!r}")
            release = cls._assemble(canonical.digest(data), header, found)
        except (ParameterError, MalformedError, KeyError, TypeError, ValueError) as error:
            raise PackMalformed(f"not a verifier pack that can be recomputed: {error}") from error
        release._check()  # noqa: SLF001 - its own
        return release

    @classmethod
    def _assemble(cls, release_id: str, header: dict[str, Any], found: dict[str, Floats]) -> "Release":
        named = {name: tensor for name, tensor in found.items() if name.startswith("reference.")}
        if set(found) - {"expressed"} != {"probes", "features", *named} or header["settings"] != {}:
            raise PackMalformed(f"tensors or settings that the scheme does not have: {sorted(found)}")
        return cls(
            release_id=release_id,
            release_key=bytes.fromhex(header["release_key"]),
            probes=found["probes"],
            features=found["features"],
            references={name.removeprefix("reference."): tensor for name, tensor in named.items()},
            expressed=found.get("expressed"),
            mixture_every=int(header.get("mixture_every", 0)),
            pool={Kind(kind): tuple(Term(**term) for term in terms) for kind, terms in header["pool"].items()},
            alpha=float(header["alpha"]),
            ridge=float(header["ridge"]),
        )

    def _check(self) -> None:
        shapes = {reference.shape for reference in self.references.values()}
        whole = self.features.ndim == 2 and self.probes.ndim >= 2 and len(shapes) == 1 and len(self.release_key) == 32
        if not whole or {len(self.probes), len(self.features)} != {next(iter(shapes))[0]}:
            raise PackMalformed(f"tensors that disagree: probes {self.probes.shape}, features {self.features.shape}")
        named = {term.reference for terms in self.pool.values() for term in terms}
        if set(self.pool) != set(Kind) or not named <= set(self.references) or not 0 < self.alpha < 1:
            raise PackMalformed("a pool or an alpha that the scheme does not have")
        terms = {term for terms in self.pool.values() for term in terms}
        held = self.expressed is not None and self.expressed.shape == self.features.shape
        if not held and (self.expressed is not None or any(term.features == BASE for term in terms)):
            raise PackMalformed("the pool reads what the base expresses, and the pack does not hold it for every probe")

    @property
    def count(self) -> int:
        """n, number of probes."""
        return int(self.features.shape[0])

    @property
    def classes(self) -> int:
        """C."""
        return int(next(iter(self.references.values())).shape[1])

    @property
    def bits(self) -> int:
        """L = (C-1) k."""
        return (self.classes - 1) * int(self.features.shape[1])

    def commitment(self) -> dict[str, Any]:
        """What this pack commits its owner to: each field must stand like this in the release's commitment."""
        return {
            "pack_digest": self.release_id,
            "scheme": SCHEME,
            "scheme_version": VERSION,
            "carriers": canonical.digest(b"countermark/carriers/v1" + self.release_key),
            "probes": canonical.digest(self.probes.tobytes()),
            "probe_count": self.count,
            "bits": self.bits,
            "references": {name: canonical.digest(self.references[name].tobytes()) for name in self.references},
            "statistic": STATISTIC,
            "bound": bounds.BOUND,
            "alpha": self.alpha,
            "ridge": self.ridge,
            "pool": {kind.value: [term.written() for term in terms] for kind, terms in self.pool.items()},
            "settings": {},
            "tensors": {},
            **({} if self.expressed is None else {"expressed": canonical.digest(self.expressed.tobytes())}),
            **({"mixture_every": self.mixture_every} if self.mixture_every else {}),
        }

    def read_by(self, term: Term) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.float64]]:
        """What a term reads: numbers of its probes, h or e there, and z_ref there."""
        rows = in_part(self.count, term.part, mixture_every=self.mixture_every)
        held = self.features if term.features == TEACHER or self.expressed is None else self.expressed
        return rows, held[rows].astype(np.float64), self.references[term.reference][rows].astype(np.float64)
