"""How sure is a verdict: bounds that hold for every evidence, the exact tail of one, looks planned ahead, power.

| file | what |
|---|---|
| bounds.py | Hoeffding, Bentkus-Dzindzalieta, Sidak: what every verdict uses |
| exact.py | P(t >= x) of one fixed evidence, between two rigorous bounds |
| saddlepoint.py | the same as an approximation, for planning only |
| sequential.py | looks at 500, 1000, 2000 ... probes, alpha spent in advance |
| likelihood.py | likelihood ratio over effects declared in advance, capped, its assumptions named |
| power.py | how many probes for a wanted power, from pilot scores |
"""

from fingerprint.statistics.bounds import (
    BENTKUS_DZINDZALIETA,
    BOUND_NAME,
    bentkus_dzindzalieta,
    family_wise,
    hoeffding,
    single_alpha,
    tail_bound,
    threshold,
)
from fingerprint.statistics.exact import ExactTail, exact_tail
from fingerprint.statistics.likelihood import LikelihoodRatio, likelihood_ratio
from fingerprint.statistics.power import Pilot, ProbeNeed, fit_pilot
from fingerprint.statistics.saddlepoint import saddlepoint_tail
from fingerprint.statistics.sequential import Look, Outcome, SequentialPlan, run_looks

__all__ = [
    "BENTKUS_DZINDZALIETA",
    "BOUND_NAME",
    "ExactTail",
    "LikelihoodRatio",
    "Look",
    "Outcome",
    "Pilot",
    "ProbeNeed",
    "SequentialPlan",
    "bentkus_dzindzalieta",
    "exact_tail",
    "family_wise",
    "fit_pilot",
    "hoeffding",
    "likelihood_ratio",
    "run_looks",
    "saddlepoint_tail",
    "single_alpha",
    "tail_bound",
    "threshold",
]
