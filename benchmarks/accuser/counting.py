"""Counting: who is named by a codeword known beforehand, and how often by codewords of nonces drawn afterwards."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.accuser.cast import Cast
from fingerprint import seeds
from fingerprint.codeword import derive
from fingerprint.observation import observe
from fingerprint.pack import VerifierPack
from fingerprint.statistics import tail_bound
from fingerprint.verify import Candidates, gather, judge

Floats = NDArray[np.float64]
ALPHAS = (1e-2, 1e-3, 1e-4)
KEY = b"codeword key of a device".ljust(32, b".")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One way to make a pack, against every independent model.

    Attributes:
        attack: the way.
        accused: number of independent models.
        known_named: how many are named by the codeword that the pack was made for.
        known_scores: their scores, lowest and highest.
        bound_named: how many are named when the nonce is known but the codeword is bound to the pack, as it always is.
        trials: pairs of model and nonce drawn after the commitment.
        observed: share of them with p <= alpha, by alpha.
        named_after: how many have p <= the release's alpha.
        highest: the highest score among them.
    """

    attack: str
    accused: int
    known_named: int
    known_scores: tuple[float, float]
    bound_named: int
    trials: int
    observed: dict[str, float]
    named_after: int
    highest: float

    def fields(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def evidence(cast: Cast, pack: VerifierPack) -> dict[str, Any]:
    """What every independent model's answers say, by its name."""
    inputs = torch.as_tensor(pack.probes.copy())
    return {
        name: gather(pack, observe(kind, answer(inputs), probes=pack.count, classes=pack.classes))
        for name, (kind, answer) in cast.accused.items()
    }


def count(attack: str, cast: Cast, pack: VerifierPack, known: NDArray[np.int8], *, nonces: int) -> Row:
    """The row of one pack.

    Args:
        attack: its name.
        cast: whose independent models are asked.
        pack: made by the accuser.
        known: the codeword that it was made for.
        nonces: how many are drawn after the commitment, for each model the same.
    """
    found = evidence(cast, pack)
    units = np.stack([each.values / np.linalg.norm(each.values) for each in found.values()])
    predicted = derive(KEY, release=pack.release_id, nonce=bytes(32), length=pack.bits)
    fresh = _fresh(pack, nonces) @ units.T
    p = tail_bound(fresh)
    scores = known.astype(np.float64) @ units.T
    return Row(
        attack=attack,
        accused=len(found),
        known_named=sum(_named(each, known) for each in found.values()),
        known_scores=(float(scores.min()), float(scores.max())),
        bound_named=sum(_named(each, predicted) for each in found.values()),
        trials=fresh.size,
        observed={f"{alpha:.0e}": float((p <= alpha).mean()) for alpha in ALPHAS},
        named_after=int((p <= pack.alpha).sum()),
        highest=float(fresh.max()),
    )


def _named(found: Any, word: NDArray[np.int8]) -> bool:
    one = Candidates(release=found.release, devices=("d",), copies=("c",), codewords=word[None, :])
    return bool(judge(found, one).named)


def _fresh(pack: VerifierPack, count: int) -> Floats:
    """Codewords under nonces that nobody knew, (count, L)."""
    raw = seeds.xof(b"nonces of the registrar", pack.release_id, length=32 * count)
    nonces = [raw[32 * i : 32 * i + 32] for i in range(count)]
    drawn = [derive(KEY, release=pack.release_id, nonce=nonce, length=pack.bits) for nonce in nonces]
    return np.stack(drawn).astype(np.float64)
