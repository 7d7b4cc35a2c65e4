"""`python -m benchmarks.scores --json F`: every estimate and pool on the same attacked copies.

The suspects are those of `python -m benchmarks.survival --quick` (the same cache, so what it trained is not trained
again). Each is read by every single estimate and by several pools; the score is that of the copy's own device, and no
codeword is looked at before the evidence is fixed. The weights of `fingerprint.pool` were chosen from this table and
are part of the scheme: no suspect of a release can move them.
"""

import argparse
import json
import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.survival.data import FOLDER, DataMissing
from benchmarks.survival.workshop import Workshop, workshop
from fingerprint import trace
from fingerprint.observation import Kind, Observation, observe
from fingerprint.pack import VerifierPack
from fingerprint.pool import (
    BASE,
    INPUTS,
    MIXTURES,
    MIXTURES_WEIGHT,
    RESIDUAL,
    SCORE,
    TEACHER,
    Pool,
    Term,
    default_pool,
)
from fingerprint.schemes.subspace import Subspace

ATTACKS = (
    "none",
    "int4",
    "prune 50 %",
    "fine-tune all",
    "new head 1500 last",
    "second-hand same",
    "second-hand other",
    "hard-label extraction",
    "overwrite",
    "average of 5",
)
REFERENCES = ("base", "clean")


def _one(estimator: str, temperature: float = 1.0) -> Pool:
    """One estimate of the teacher's features, over both references and both kinds of probe."""
    terms = tuple(
        Term(estimator=estimator, reference=name, weight=weight, temperature=temperature, part=part)
        for name in REFERENCES
        for part, weight in ((INPUTS, 1.0), (MIXTURES, MIXTURES_WEIGHT))
    )
    return dict.fromkeys(Kind, terms)


def _only(pool: Pool, **wanted: str) -> Pool:
    """The terms that read such features, or such a part."""
    return {
        kind: tuple(term for term in terms if all(getattr(term, name) == value for name, value in wanted.items()))
        for kind, terms in pool.items()
    }


def _even(pool: Pool) -> Pool:
    return {kind: tuple(replace(term, weight=1.0) for term in terms) for kind, terms in pool.items()}


WHOLE = default_pool(REFERENCES, mixed=True, expressed=True)
POOLS: dict[str, Pool] = {
    "score, T = 1": _one(SCORE),
    "score, T = 4": _one(SCORE, 4.0),
    "score, T = 8": _one(SCORE, 8.0),
    "residual": _one(RESIDUAL),
    "base's features alone": _only(WHOLE, features=BASE),
    "without base's features": _only(WHOLE, features=TEACHER),
    "images alone": _only(WHOLE, part=INPUTS),
    "mixtures alone": _only(WHOLE, part=MIXTURES),
    "parts not apart": default_pool(REFERENCES, expressed=True),
    "equal weights": _even(WHOLE),
    "default pool": WHOLE,
}
LABEL_POOLS = ("without base's features", "images alone", "mixtures alone", "parts not apart", "default pool")
RIDGES = {"ridge 0.3": 0.3, "ridge 3": 3.0}  # with the default pool, whose own ridge is the pack's
CLOSE, OTHERS = "images close to a boundary", "the other images"  # halves of the images asked, the same number of each


@dataclass(frozen=True)
class Repooled:
    """A pack with another pool and ridge: a scheme reads it like the pack."""

    pack: VerifierPack
    pool: Pool
    ridge: float

    def __getattr__(self, name: str) -> Any:
        return getattr(self.pack, name)


def main() -> int:
    """Exit code: 0 done, 1 the images are missing."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scores", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--json", type=Path, help="where to write the rows")
    parser.add_argument("--data", type=Path, default=FOLDER, help="folder of the four image files")
    cache = Path.home() / ".cache" / "countermark" / "survival"
    parser.add_argument("--cache", type=Path, default=cache, help="trained models of the survival benchmark")
    chosen = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    try:
        shop = workshop("quick", chosen.data, chosen.cache)
    except DataMissing as error:
        print(error, file=sys.stderr)
        return 1
    rows = [_row(shop, method, attack) for method in ("distilled", "minted") for attack in ATTACKS]
    result = {
        "benchmark": "scores",
        "plan": "quick",
        "strength": shop.plan.recipe.strength,
        "ridge": shop.prepared("subspace", shop.plan.recipe.strength).pack.ridge,
        "pools": [*POOLS, *RIDGES, CLOSE, OTHERS],
        "label_pools": [*LABEL_POOLS, *RIDGES, CLOSE, OTHERS],
        "rows": rows,
    }
    if chosen.json:
        chosen.json.write_text(json.dumps(result, indent=1) + "\n")
    return 0


def _row(shop: Workshop, method: str, attack: str) -> dict[str, Any]:
    strength = shop.plan.recipe.strength
    pack = shop.prepared("subspace", strength).pack
    codeword = shop.codeword("subspace", strength, 0)
    logits = shop.attacked("subspace", method, attack)["probes"]
    seen = observe("logits", logits, probes=pack.count, classes=pack.classes)
    labels = observe("labels", logits.argmax(axis=1), probes=pack.count, classes=pack.classes)
    halves = _halves(pack)
    told = _scores(pack, tuple(POOLS), seen, codeword)
    chosen = _scores(pack, LABEL_POOLS, labels, codeword)
    for name, rows in halves.items():
        told[name] = _half_score(pack, rows, logits[rows], codeword)
        chosen[name] = _half_score(pack, rows, logits[rows].argmax(axis=1), codeword)
    print(f"{method:10}{attack:24}" + " ".join(f"{k} {v:.1f}" for k, v in told.items()), flush=True)
    return {"method": method, "attack": attack, "logits": told, "labels": chosen}


def _scores(
    pack: VerifierPack, pools: tuple[str, ...], seen: Observation, codeword: NDArray[np.int8]
) -> dict[str, float]:
    found = {name: Repooled(pack, POOLS[name], pack.ridge) for name in pools}
    found |= {name: Repooled(pack, WHOLE, ridge) for name, ridge in RIDGES.items()}
    return {name: _score(Subspace().gather(each, seen), codeword) for name, each in found.items()}


def _halves(pack: VerifierPack) -> dict[str, NDArray[np.intp]]:
    """Rows of the images, halved by the margin between the clean students' two likeliest classes."""
    rows = pack.rows(INPUTS)
    highest = np.sort(pack.references["clean"][rows], axis=1)[:, -2:]
    order = rows[np.argsort(highest[:, 1] - highest[:, 0], kind="stable")]
    half = len(order) // 2
    return {CLOSE: np.sort(order[:half]), OTHERS: np.sort(order[half : 2 * half])}


def _half_score(pack: VerifierPack, rows: NDArray[np.intp], answers: NDArray[Any], codeword: NDArray[np.int8]) -> float:
    """From these images alone."""
    half = replace(
        pack,
        probes=pack.probes[rows],
        features=pack.features[rows],
        references={name: values[rows] for name, values in pack.references.items()},
        expressed=None if pack.expressed is None else pack.expressed[rows],
        mixture_every=0,
        pool=default_pool(REFERENCES, expressed=True),
    )
    kind = "logits" if answers.ndim == 2 else "labels"
    return _score(Subspace().gather(half, observe(kind, answers, probes=half.count, classes=half.classes)), codeword)


def _score(evidence: NDArray[np.float64], codeword: NDArray[np.int8]) -> float:
    return float(trace.scores(evidence, codeword[None])[0])


if __name__ == "__main__":
    sys.exit(main())
