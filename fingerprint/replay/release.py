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
from fingerprint.replay import static_decoder, tensors
from fingerprint.replay.rules import RULES, Rules, Settings

PACK_TAG = "countermark/verifier-pack"
CLEAN = "clean"
"""Name of the reference that `static` and `cosine` read."""
Floats = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Release:
    """What the evidence of one release is computed with.

    Attributes:
        release_id: digest of the pack's bytes.
        scheme: one of `fingerprint.replay.rules.RULES`.
        settings, tensors: the scheme's own constants and arrays.
        release_key: 32 bytes from which R is drawn.
        probes, features, references: (n, ...), h (n, k), z_ref by name (n, C).
        expressed: e (n, k); None where the release does not say what its base expresses of h.
        mixture_every: every how many of the probes are a mixture; 0 for none.
        pool: weights by kind of answer.
        alpha, ridge: as declared.
    """

    release_id: str
    scheme: str
    settings: Settings
    tensors: Mapping[str, Floats]
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
            if header["scheme"] not in RULES or header["scheme_version"] != RULES[header["scheme"]].version:
                raise PackMalformed(f"scheme {header['scheme']!r} of this version is none of {', '.join(RULES)}")
            release = cls._assemble(canonical.digest(data), header, found)
            release._check()  # noqa: SLF001 - its own
        except (ParameterError, MalformedError, KeyError, TypeError, ValueError) as error:
            raise PackMalformed(f"not a verifier pack that can be recomputed: {error}") from error
        return release

    @classmethod
    def _assemble(cls, release_id: str, header: dict[str, Any], found: dict[str, Floats]) -> "Release":
        named, own = _under("reference.", found), _under("scheme.", found)
        known = len(found) == 2 + len(named) + len(own) + ("expressed" in found)
        if not known or not set(header["settings"]) <= RULES[header["scheme"]].settings:
            raise PackMalformed(f"tensors or settings that the scheme does not have: {sorted(found)}")
        return cls(
            release_id=release_id,
            scheme=header["scheme"],
            settings=header["settings"],
            tensors=own,
            release_key=bytes.fromhex(header["release_key"]),
            probes=found["probes"],
            features=found["features"],
            references=named,
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
        if not 0 < self.alpha < 1:
            raise PackMalformed(f"an alpha of {self.alpha}")
        {"subspace": self._check_pool, "static": self._check_decoder, "cosine": self._check_wave}[self.scheme]()

    def _check_decoder(self) -> None:
        hidden = self.tensors.get("decoder.bias0", np.zeros(0)).size
        if {name: each.shape for name, each in self.tensors.items()} != static_decoder.shapes(self.classes, hidden):
            raise PackMalformed("the decoder's tensors do not fit the number of classes, or one another")
        if CLEAN not in self.references or self.bits < self.classes - 1:
            raise PackMalformed("no reference to decode against, or codewords too short to be folded")

    def _check_wave(self) -> None:
        positive = all(self.settings.get(name, 0) > 0 for name in ("frequency", "scale"))
        if CLEAN not in self.references or self.tensors or not positive or not 1 <= self.settings["trials"] <= 10**6:
            raise PackMalformed("no reference, or no frequency, scale and number of fresh keys that make a spectrum")

    def _check_pool(self) -> None:
        terms = {term for terms in self.pool.values() for term in terms}
        named = {term.reference for term in terms}
        if set(self.pool) != set(Kind) or not named <= set(self.references) or self.tensors:
            raise PackMalformed("a pool or tensors that the scheme does not have")
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
        """L, length of a codeword."""
        return self.rules.bits(self.classes, int(self.features.shape[1]), self.settings)

    @property
    def rules(self) -> Rules:
        """What the scheme states of itself."""
        return RULES[self.scheme]

    def commitment(self) -> dict[str, Any]:
        """What this pack commits its owner to: each field must stand like this in the release's commitment."""
        return {
            "pack_digest": self.release_id,
            "scheme": self.scheme,
            "scheme_version": self.rules.version,
            "carriers": canonical.digest(b"countermark/carriers/v1" + self.release_key),
            "probes": canonical.digest(self.probes.tobytes()),
            "probe_count": self.count,
            "bits": self.bits,
            "references": _digests(self.references),
            "statistic": self.rules.statistic,
            "bound": self.rules.bound,
            "alpha": self.alpha,
            "ridge": self.ridge,
            "pool": {kind.value: [term.written() for term in terms] for kind, terms in self.pool.items()},
            "settings": dict(self.settings),
            "tensors": _digests(self.tensors),
            **({} if self.expressed is None else {"expressed": canonical.digest(self.expressed.tobytes())}),
            **({"mixture_every": self.mixture_every} if self.mixture_every else {}),
        }

    def read_by(self, term: Term) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.float64]]:
        """What a term reads: numbers of its probes, h or e there, and z_ref there."""
        rows = in_part(self.count, term.part, mixture_every=self.mixture_every)
        held = self.features if term.features == TEACHER or self.expressed is None else self.expressed
        return rows, held[rows].astype(np.float64), self.references[term.reference][rows].astype(np.float64)


def _under(prefix: str, found: Mapping[str, Floats]) -> dict[str, Floats]:
    return {name.removeprefix(prefix): tensor for name, tensor in found.items() if name.startswith(prefix)}


def _digests(found: Mapping[str, Floats]) -> dict[str, str]:
    return {name: canonical.digest(tensor.tobytes()) for name, tensor in found.items()}
