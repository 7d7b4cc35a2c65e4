"""SNR of every candidate's key and of fresh keys: an exact randomisation test."""

import sys
from dataclasses import dataclass

import numpy as np

from fingerprint import seeds
from fingerprint.errors import ParameterError
from fingerprint.evidence import Evidence
from fingerprint.schemes.base import Floats, Signs, checked_codewords
from fingerprint.schemes.cosine.keys import key
from fingerprint.schemes.scores import Scores

PAPER_THRESHOLD = 8.0  # the published rule: SNR above this is a hit
WINDOW = 0.005  # of the published signal-to-noise ratio
SURE = 500  # answers used at most: of a class, the n / C that the reference is surest of
GRID, WIDEST = 200, 10  # frequencies of the spectrum, up to ten times f


@dataclass(frozen=True, slots=True)
class CosineScoring:
    """The peer, codeword side."""

    def score(self, evidence: Evidence, codewords: Signs, *, tests: int) -> Scores:
        """SNR of every candidate, and how many fresh keys do as well."""
        bits, trials = evidence.bits, int(evidence.settings["trials"])
        found = _ratios(evidence, checked_codewords(codewords, bits))
        fresh = np.sort(_ratios(evidence, _fresh(evidence, trials, bits)))
        p_values = np.asarray((1.0 + trials - np.searchsorted(fresh, found, side="left")) / (trials + 1.0), np.float64)
        # all candidates share the fresh keys, so that their p-values are not independent: the union bound
        family = np.minimum(1.0, tests * p_values)
        can = tests / (trials + 1.0) <= evidence.alpha
        return Scores(
            scores=found,
            p_values=p_values,
            family_wise=family,
            threshold=float(fresh[-1]) if can else sys.float_info.max,
        )

    def decoded(self, evidence: Evidence) -> None:  # noqa: ARG002 - same for all schemes
        """A key is recognised, not read: there are no bits."""
        return

    def payload(self, codewords: Signs, *, classes: int) -> Signs:  # noqa: ARG002 - same for all schemes
        """The seeds."""
        return codewords


def signal_to_noise(u: Floats, values: Floats, frequency: float) -> float:
    """Mean Lomb-Scargle power within 0.005 of f over the mean elsewhere; 0 for constant values.

    Args:
        u: where, (n,).
        values: what, (n,).
        frequency: f, radians per unit of u.
    """
    from scipy.signal import lombscargle  # noqa: PLC0415 - slow to load, and needed by this baseline alone

    centred = values - values.mean()
    if not (centred * centred).sum() > 0:
        return 0.0
    near = np.array([frequency - WINDOW, frequency, frequency + WINDOW])
    grid = np.linspace(WIDEST * frequency / GRID, WIDEST * frequency, GRID)
    grid = grid[np.abs(grid - frequency) > WINDOW]
    power = lombscargle(u, centred, np.r_[near, grid])
    noise = float(power[near.size :].mean())
    return float(power[: near.size].mean()) / noise if noise > 0 else 0.0


def _ratios(evidence: Evidence, codewords: Signs) -> Floats:
    if evidence.inputs is None:
        raise ParameterError("evidence without the probes cannot be scored under the cosine scheme; gather it again")
    frequency, spread = float(evidence.settings["frequency"]), float(evidence.settings["scale"])
    answers, reference = evidence.values
    classes, width = answers.shape[1], evidence.inputs.shape[1]
    # by the reference, not by the answers: the largest answers are those at the wave's crests
    sure = np.argsort(-reference, axis=0, kind="stable")[: max(2, min(SURE, len(answers) // classes))]
    ratios = np.zeros(len(codewords))
    for number, word in enumerate(codewords):
        target, direction = key(word, classes=classes, width=width)
        rows = sure[:, target]
        ratios[number] = signal_to_noise(evidence.inputs[rows] @ direction / spread, answers[rows, target], frequency)
    return ratios


def _fresh(evidence: Evidence, trials: int, bits: int) -> Signs:
    # from the release and the answers, so that anybody draws the same keys, and nobody could before the answers
    seed = f"{evidence.release}\n{evidence.observation_digest}".encode().ljust(16)
    return seeds.signs(seed, "schemes/cosine/fresh", count=trials * bits).reshape(trials, bits)
