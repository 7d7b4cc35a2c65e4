"""Steps 4 to 6 of `fingerprint.verify` over packed codewords: the same verdict, without a matrix of all of them."""

from collections.abc import Callable, Sequence

from fingerprint.errors import ParameterError
from fingerprint.evidence import Evidence
from fingerprint.identify.file import IndexFile
from fingerprint.identify.memory import HeldCodewords
from fingerprint.identify.ranking import identify
from fingerprint.verdict import DeviceScore, Verdict
from fingerprint.verify import RANKED, conclude

SCHEMES = frozenset({"subspace"})  # their score is <c, y> / |y|, which is what the search computes
Label = Callable[[Sequence[int]], Sequence[tuple[str, str]]]


def judge_packed(
    evidence: Evidence, codewords: IndexFile | HeldCodewords, label: Label, *, tests: int | None = None
) -> Verdict:
    """Who is named, if anybody: `verify.judge` for a scheme of `SCHEMES`, in memory that the packed codewords take.

    Args:
        evidence: y, fixed.
        codewords: of every copy of the release.
        label: device and copy of each of some positions.
        tests: number of hypotheses for the family-wise figure; at least N, N when not given.

    Raises:
        WrongRelease: the codewords were drawn for another release.
        ParameterError: another scheme, codewords of another length, or fewer tests than codewords.
    """
    if evidence.scheme not in SCHEMES:
        raise ParameterError(f"scheme {evidence.scheme!r} scores by more than codewords; judge its candidates instead")
    ranking = identify(evidence, codewords, keep=RANKED, tests=tests)
    kept = [rank for rank, p in enumerate(ranking.family_wise) if rank < RANKED or p <= evidence.alpha]
    labels = label([int(ranking.positions[rank]) for rank in kept])
    ranked = [
        DeviceScore(
            device=device,
            copy=copy,
            score=float(ranking.scores[rank]),
            p_value=float(ranking.p_values[rank]),
            family_wise_p=float(ranking.family_wise[rank]),
            named=bool(ranking.family_wise[rank] <= evidence.alpha),
        )
        for rank, (device, copy) in zip(kept, labels, strict=True)
    ]
    return conclude(evidence, ranked, tests=ranking.tests, threshold=ranking.threshold)
