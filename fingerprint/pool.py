"""How several estimates become one: weights fixed with the release, before any suspect is seen.

    y = sum_j w_j y_j / |y_j|

over pairs j = (estimator, reference). Picking the best score afterwards would multiply the false-accusation
probability; a sum with fixed weights leaves the theorem as it is, for y still depends on no codeword.

The default weights were chosen on digits students that are no part of any release: the efficient score counts 1, the
residual 1/2 (it is the better one on weights-only changes of a minted copy, the worse one after a second distillation).
Answers that are probabilities, top-k or labels use the efficient score alone: the logarithm of a rounded zero is noise.
"""

from dataclasses import dataclass

from fingerprint.errors import ParameterError
from fingerprint.observation import Kind

RESIDUAL, SCORE = "residual", "score"
ESTIMATORS = (RESIDUAL, SCORE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One estimate and its weight in the pool.

    Attributes:
        estimator: `residual` or `score`.
        reference: name of one of the pack's references, for example `clean` or `base`.
        weight: w_j, positive.
    """

    estimator: str
    reference: str
    weight: float

    def __post_init__(self) -> None:
        if self.estimator not in ESTIMATORS:
            raise ParameterError(f"estimator {self.estimator!r} is none of {', '.join(ESTIMATORS)}")
        if not 0 < self.weight < float("inf"):
            raise ParameterError(f"a weight must be positive and finite, not {self.weight}")


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
    scores = tuple(Term(estimator=SCORE, reference=name, weight=1.0) for name in references)
    residuals = tuple(Term(estimator=RESIDUAL, reference=name, weight=0.5) for name in references)
    return {
        Kind.LOGITS: scores + residuals,
        Kind.LOGPROBS: scores + residuals,
        Kind.PROBS: scores,
        Kind.TOP_K: scores,
        Kind.LABELS: scores,
    }
