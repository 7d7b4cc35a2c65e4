"""How several estimates become one: weights fixed with the release, before any suspect is seen.

    y = sum_j w_j y_j / |y_j|

over terms j = (estimator, reference, temperature). Picking the best score afterwards would multiply the
false-accusation probability; a sum with fixed weights leaves the theorem as it is: y still depends on no codeword.

A score term at temperature T reads softmax(log q / T): a student that was distilled at T carries its signature in the
small probabilities too, and at T = 1 these hardly count. Answers that do not tell small probabilities apart (rounded,
smoothed, top-k, labels) are read at T = 1 alone, by a rule that is part of the scheme: the logarithm of a rounded zero
is noise. docs/scores.md has the measurements behind the default weights; none of them is of a model in any release.
"""

from dataclasses import dataclass

from fingerprint.errors import ParameterError
from fingerprint.observation import Kind

RESIDUAL, SCORE = "residual", "score"
ESTIMATORS = (RESIDUAL, SCORE)
TEMPERATURE = 4.0  # of the tempered score; the temperature that students are distilled at by default
FINE = (Kind.LOGITS, Kind.LOGPROBS, Kind.PROBS)  # kinds that can tell small probabilities apart


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One estimate and its weight in the pool.

    Attributes:
        estimator: `residual` or `score`.
        reference: name of one of the pack's references, for example `clean` or `base`.
        weight: w_j, positive.
        temperature: T of a score term, at least 1; 1 for a residual.
    """

    estimator: str
    reference: str
    weight: float
    temperature: float = 1.0

    def __post_init__(self) -> None:
        if self.estimator not in ESTIMATORS:
            raise ParameterError(f"estimator {self.estimator!r} is none of {', '.join(ESTIMATORS)}")
        if not 0 < self.weight < float("inf"):
            raise ParameterError(f"a weight must be positive and finite, not {self.weight}")
        if not 1 <= self.temperature < float("inf") or (self.estimator == RESIDUAL and self.temperature != 1):
            raise ParameterError(f"temperature {self.temperature}: 1 or more, and 1 for a residual")

    @property
    def reads_small_probabilities(self) -> bool:
        """Whether the term needs answers that tell small probabilities apart."""
        return self.estimator == RESIDUAL or self.temperature > 1


Pool = dict[Kind, tuple[Term, ...]]


def default_pool(references: tuple[str, ...]) -> Pool:
    """The pool for these references.

    Example:
        >>> [t.estimator for t in default_pool(("clean",))[Kind.LABELS]]
        ['score']

    Raises:
        ParameterError: no reference.
    """
    if not references:
        raise ParameterError("a pool needs at least one reference; train at least one clean student")
    scores = tuple(Term(estimator=SCORE, reference=name, weight=0.8) for name in references)
    tempered = tuple(Term(estimator=SCORE, reference=name, weight=1.0, temperature=TEMPERATURE) for name in references)
    residuals = tuple(Term(estimator=RESIDUAL, reference=name, weight=1.0) for name in references)
    full = scores + tempered + residuals
    return {kind: full if kind in FINE else scores for kind in Kind}
