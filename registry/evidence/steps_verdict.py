"""Steps 9 to 12: release, answers, evidence and verdict, recomputed from the raw numbers."""

import math

import numpy as np

from fingerprint import canonical
from fingerprint.replay.scoring import UNREACHABLE
from registry.evidence import contents
from registry.evidence.acquisition import exchanges_in
from registry.evidence.case_file import CaseFile
from registry.evidence.steps_log import require
from registry.records import EntryKind

SCORE_TOLERANCE = 1e-3
"""Two programs with different solvers, the first of which stops early, agree to less than a thousandth of a score."""
_RELATIVE = 1e-6


def release(file: CaseFile) -> str:
    """9: probes, features, references, pool, statistic, alpha and look are those that were committed in the log."""
    logged, pack = file.entry(EntryKind.COMMITMENT).fields, file.release
    require(pack.release_id == logged.get("pack"), "the verifier pack is not the one that was committed")
    raw = file.member(contents.COMMITMENT)
    require(canonical.digest(raw) == logged.get("commitment"), "the commitment is not the one that was logged")
    committed = canonical.decode(contents.COMMITMENT_TAG, raw)
    differing = sorted(name for name, value in pack.commitment().items() if committed.get(name, ...) != value)
    require(not differing, f"the verifier pack is not what was committed on {', '.join(differing)}")
    require((logged.get("alpha"), logged.get("bits")) == (pack.alpha, pack.bits), "another alpha or length was logged")
    require(file.verdict.release == pack.release_id, "the verdict is about another release")
    return f"{pack.count} probes, {pack.bits} bits, alpha {pack.alpha:g}, as committed{_looked(file)}"


def _looked(file: CaseFile) -> str:
    """The look that decided is one of the plan's, and the logged verdict is over its probes at its part of alpha."""
    stated = contents.sequential(file.plan, file.look)
    require(file.statement.get("sequential") == stated, "the statement speaks of another sequential plan")
    judged, asked = file.verdict, file.asked
    require(
        (judged.probes, judged.alpha) == (asked.count, asked.alpha),
        f"the logged verdict is over {judged.probes} probes at alpha {judged.alpha:g},"
        f" and what the statement names over {asked.count} at {asked.alpha:g}",
    )
    if file.look is None:
        return "; a plan of looks was committed and not used" if file.plan.looks else ""
    return f"; decided at look {file.look} of {len(file.plan.looks)}, {asked.count} probes, alpha {asked.alpha:g}"


def answers(file: CaseFile) -> str:
    """10: the raw answers are those that the logged verdict rests on."""
    logged = file.entry(EntryKind.VERDICT).fields.get("observation")
    require(canonical.digest(file.member(contents.ANSWERS)) == logged, "the answers are not those that were judged")
    observation = file.observation
    listed = contents.exchanges(file.asked, observation)
    require(file.member(contents.EXCHANGES) == listed, "the list of exchanges is not that of these probes and answers")
    stated = {"requests": canonical.digest(file.asked.probes.tobytes()), "responses": observation.digest}
    acquired = contents.at(file.statement, "acquisition")
    require({name: acquired.get(name) for name in stated} == stated, "the statement speaks of other exchanges")
    require(observation.kind == file.verdict.kind, "the answers are of another kind than the verdict says")
    return f"{observation.count} answers ({observation.kind}), digest as logged{_recorded(file)}"


def _recorded(file: CaseFile) -> str:
    stated = contents.at(file.statement, "acquisition", "recorded")
    found = None
    if contents.ACQUISITION in file.members:
        found = exchanges_in(file.member(contents.ACQUISITION), file.release, file.observation)
    require(stated == found, "the statement and the record of exchanges disagree")
    return "" if found is None else f", {found} recorded exchanges"


def evidence(file: CaseFile) -> str:
    """11: y from answers and release alone."""
    values = file.gathered.values
    require(bool(np.isfinite(values).all()), "the evidence is not finite")
    return f"{values.size} values, computed without any codeword"


def verdict(file: CaseFile) -> str:
    """12: t, p, family-wise p and the verdict, recomputed, are those that were logged."""
    found, logged, scorer = file.judged, file.row, file.scorer
    require(file.verdict.scheme == file.release.scheme, "the verdict is of another scheme than the release")
    require(
        agree(found.score, logged.score),
        f"the score recomputed is {found.score:.4f}, and {logged.score:.4f} was logged",
    )
    low, high = scorer.p_values(logged.score)
    within = low * (1 - _RELATIVE) <= logged.p_value <= high * (1 + _RELATIVE)
    said = (
        (logged.family_wise_p, scorer.family_wise(logged.p_value, file.verdict.devices)),
        (file.verdict.threshold, found.threshold),
    )
    require(
        within and all(math.isclose(a, b, rel_tol=_RELATIVE) for a, b in said),
        "the logged p-values are not those of its score",
    )
    require(found.named == logged.named, "the verdict recomputed is another one")
    most = scorer.most_devices(found.p_value)
    reach = f"; it would be named among up to {most:.1e} devices" if found.named else ""
    threshold = "that no score reaches" if found.threshold == UNREACHABLE else f"{found.threshold:.2f}"
    return f"t = {found.score:.3f}, family-wise p <= {found.family_wise_p:.1e}, threshold {threshold}{reach}"


def agree(one: float, other: object) -> bool:
    """Whether two programs' scores are the same one."""
    return isinstance(other, float | int) and math.isclose(one, other, abs_tol=SCORE_TOLERANCE, rel_tol=_RELATIVE)
