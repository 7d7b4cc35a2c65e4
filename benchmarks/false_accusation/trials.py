"""Fresh codewords against fixed evidence, and what is counted."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta, binom

from fingerprint import seeds
from fingerprint.statistics import (
    SequentialPlan,
    bentkus_dzindzalieta,
    exact_tail,
    family_wise,
    hoeffding,
    tail_bound,
)

Floats = NDArray[np.float64]
ALPHAS = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5)
FLEET = 1000
CONFIDENCE = 0.99
_CHUNK = 16_000  # codewords at a time: whole fleets


@dataclass(frozen=True, kw_only=True)
class Row:
    """One suspect, one bound, one nominal alpha.

    Attributes:
        suspect: its name, or `all`.
        group: what kind of suspect.
        bound: hoeffding, bentkus_dzindzalieta, tail_bound, exact; family_wise and sequential count whole fleets.
        alpha: nominal.
        trials: (suspect, fresh codeword) pairs, or (suspect, fresh fleet) pairs.
        accused: how many had p <= alpha.
        observed: their share.
        upper: upper 99 % confidence limit of the true rate (Clopper and Pearson).
        excess_p: probability of so many or more if the true rate were alpha.
    """

    suspect: str
    group: str
    bound: str
    alpha: float
    trials: int
    accused: int
    observed: float
    upper: float
    excess_p: float

    @classmethod
    def of(cls, suspect: str, group: str, bound: str, alpha: float, trials: int, accused: int) -> "Row":
        """The row with its limits."""
        return cls(
            suspect=suspect,
            group=group,
            bound=bound,
            alpha=alpha,
            trials=trials,
            accused=accused,
            observed=accused / trials,
            upper=float(beta.ppf(CONFIDENCE, accused + 1, trials - accused)) if accused < trials else 1.0,
            excess_p=float(binom.sf(accused - 1, trials, alpha)),
        )

    def fields(self) -> dict[str, object]:
        """For JSON."""
        return asdict(self)


def fresh_scores(name: str, evidence: Mapping[str, Floats], trials: int) -> Iterator[dict[str, Floats]]:
    """Chunks of t for fresh codewords, drawn by the function that draws real ones; the same codewords for each y."""
    units = {key: y / np.linalg.norm(y) for key, y in evidence.items()}
    bits = next(iter(units.values())).size
    width = -(-bits // 8)
    for start in range(0, trials, _CHUNK):
        count = min(_CHUNK, trials - start)
        raw = seeds.xof(b"fresh codewords of the benchmark", name, start, length=count * width)
        rows = np.frombuffer(raw, dtype=np.uint8).reshape(count, width)
        signs = np.unpackbits(rows, axis=1, count=bits, bitorder="little").astype(np.float64)
        signs = 2 * signs - 1
        yield {key: signs @ unit for key, unit in units.items()}


def count(
    name: str,
    group: str,
    evidence: Floats,
    looks: tuple[Floats, ...],
    trials: int,
    plans: Mapping[float, SequentialPlan],
) -> list[Row]:
    """All rows of one suspect."""
    bounds = {
        "hoeffding": hoeffding,
        "bentkus_dzindzalieta": bentkus_dzindzalieta,
        "tail_bound": tail_bound,
        "exact": exact_tail(evidence),
    }
    single = {(bound, alpha): 0 for bound in bounds for alpha in ALPHAS}
    fleets = {(kind, alpha): 0 for kind in ("family_wise", "sequential") for alpha in plans}
    every = {"all": evidence} | {str(number): y for number, y in enumerate(looks)}
    for scores in fresh_scores(name, every, trials):
        for bound, function in bounds.items():
            p = function(scores["all"])
            for alpha in ALPHAS:
                single[bound, alpha] += int((p <= alpha).sum())
        for alpha, plan in plans.items():
            fleets["family_wise", alpha] += int(_named(scores["all"], alpha).sum())
            if looks:
                at_looks = [_named(scores[str(k)], look.alpha) for k, look in enumerate(plan.looks)]
                fleets["sequential", alpha] += int(np.any(at_looks, axis=0).sum())
    rows = [Row.of(name, group, bound, alpha, trials, found) for (bound, alpha), found in single.items()]
    return rows + [
        Row.of(name, group, kind, alpha, trials // FLEET, found)
        for (kind, alpha), found in fleets.items()
        if looks or kind == "family_wise"
    ]


def _named(scores: Floats, alpha: float) -> NDArray[np.bool_]:
    """Whether anybody in each fleet has family-wise p <= alpha."""
    best = scores.reshape(-1, FLEET).max(axis=1)
    return np.asarray(family_wise(tail_bound(best), FLEET) <= alpha)


def pooled(rows: list[Row]) -> list[Row]:
    """One row per bound and alpha over all suspects."""
    keys = dict.fromkeys((row.bound, row.alpha) for row in rows)
    return [
        Row.of(
            "all",
            "all",
            bound,
            alpha,
            sum(row.trials for row in rows if (row.bound, row.alpha) == (bound, alpha)),
            sum(row.accused for row in rows if (row.bound, row.alpha) == (bound, alpha)),
        )
        for bound, alpha in keys
    ]
