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
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from benchmarks.survival.data import FOLDER, DataMissing
from benchmarks.survival.workshop import Workshop, workshop
from fingerprint import trace
from fingerprint.estimators.residual import residual_evidence
from fingerprint.estimators.score import score_evidence
from fingerprint.observation import observe
from fingerprint.pool import TEMPERATURE, default_pool

Floats = NDArray[np.float64]
ATTACKS = (
    "none",
    "int4",
    "prune 50 %",
    "fine-tune all",
    "new head 1500 last",
    "second-hand other",
    "hard-label extraction",
    "overwrite",
    "average of 5",
)
TEMPERATURES = (1.0, 2.0, 4.0, 8.0)
POOLS = {"equal": (1.0, 1.0, 1.0), "residual half": (0.8, 1.0, 0.5), "tempered only": (0.0, 1.0, 0.0)}


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
    result = {"benchmark": "scores", "plan": "quick", "strength": shop.plan.recipe.strength, "rows": rows}
    if chosen.json:
        chosen.json.write_text(json.dumps(result, indent=1) + "\n")
    return 0


def _row(shop: Workshop, method: str, attack: str) -> dict[str, Any]:
    strength = shop.plan.recipe.strength
    pack = shop.prepared("subspace", strength).pack
    codeword = shop.codeword("subspace", strength, 0)[None]
    logits = shop.attacked("subspace", method, attack)["probes"]
    parts = _estimates(pack, logits)
    labels = observe("labels", logits.argmax(axis=1), probes=pack.count, classes=pack.classes)
    parts["labels"] = _score(pack, labels.probabilities)

    def t(evidence: Floats) -> float:
        return float(trace.scores(pack.rotation.inverse(evidence.ravel()), codeword)[0])

    pools = {name: t(sum(w * parts[p] for w, p in zip(weights, _POOLED, strict=True))) for name, weights in _pools()}
    row = {"method": method, "attack": attack, **{name: t(part) for name, part in parts.items()}, **pools}
    print(
        f"{method:10}{attack:24}" + " ".join(f"{k} {v:.1f}" for k, v in row.items() if isinstance(v, float)), flush=True
    )
    return row


_POOLED = ("score T=1", f"score T={TEMPERATURE:g}", "residual")


def _pools() -> list[tuple[str, tuple[float, ...]]]:
    """The pools compared, the default one first."""
    terms = default_pool(("clean",))
    default = next(iter(terms.values()))
    weights = {(term.estimator, term.temperature): term.weight for term in default}
    chosen = (weights["score", 1.0], weights["score", TEMPERATURE], weights["residual", 1.0])
    return [("default", chosen), *((f"pool {name}", value) for name, value in POOLS.items())]


def _estimates(pack: Any, logits: NDArray[np.float32]) -> dict[str, Floats]:
    """Every estimate, summed over the references after normalisation."""
    seen = observe("logits", logits, probes=pack.count, classes=pack.classes)
    scores = {
        f"score T={temperature:g}": _score(pack, softmax(seen.log_probabilities / temperature, axis=1))
        for temperature in TEMPERATURES
    }
    features = pack.features.astype(np.float64)
    residuals = [
        residual_evidence(seen.log_probabilities, features=features, reference=reference.astype(np.float64))
        for reference in pack.references.values()
    ]
    return {**scores, "residual": _sum(residuals)}


def _score(pack: Any, answers: Floats) -> Floats:
    features = pack.features.astype(np.float64)
    return _sum(
        [
            score_evidence(answers, features=features, reference=reference.astype(np.float64), ridge=pack.ridge)
            for reference in pack.references.values()
        ]
    )


def _sum(estimates: list[Floats]) -> Floats:
    units = [estimate / max(float(np.linalg.norm(estimate)), 1e-300) for estimate in estimates]
    total = np.sum(units, axis=0)
    return np.asarray(total / max(float(np.linalg.norm(total)), 1e-300))


if __name__ == "__main__":
    sys.exit(main())
