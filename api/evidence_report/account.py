"""What both forms of the report say, in words and numbers, from a pack's exhibits."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprint.replay.scoring import UNREACHABLE
from registry.dossier.exhibits import Exhibits, Milestone


@dataclass(frozen=True, kw_only=True)
class Account:
    """The report's contents.

    Attributes:
        title, finding: the question, and what was found, a sentence each.
        named: whether the accused is named.
        tiles: figures with their captions.
        shows, limits: what the pack shows and what it does not, in sentences.
        controls: rows of the table of controls: what, how many, result.
        facts: names with values, digests among them.
        score, threshold, fresh_scores, marks: for the histogram; the threshold is None where no score names anybody,
            marks are scores of control models by name.
        timeline: the log's entries.
    """

    title: str
    finding: str
    named: bool
    tiles: tuple[tuple[str, str], ...]
    propositions: tuple[tuple[str, str], ...]
    shows: tuple[str, ...]
    limits: tuple[str, ...]
    controls: tuple[tuple[str, str, str], ...]
    facts: tuple[tuple[str, str], ...]
    score: float
    threshold: float | None
    fresh_scores: NDArray[np.float64]
    marks: tuple[tuple[str, float], ...]
    timeline: tuple[Milestone, ...]


def account(exhibits: Exhibits) -> Account:
    """The account of these exhibits."""
    said = exhibits.predicate
    found, accused, suspect = said["finding"], said["accused"], said["case"]["suspect"]
    models = [*said["negativeControls"]["models"], *said["positiveControls"]]
    return Account(
        title=f"Does '{suspect}' descend from {accused['device']}'s copy?",
        finding=_finding(accused["device"], found),
        named=found["named"],
        tiles=_tiles(said),
        propositions=(("H1", said["propositions"]["h1"]), ("H0", said["propositions"]["h0"])),
        shows=_shows(said),
        limits=tuple(said["doesNotShow"]),
        controls=_controls(said),
        facts=_facts(said),
        score=found["score"],
        threshold=_threshold(found),
        fresh_scores=exhibits.fresh_scores,
        marks=tuple((each["suspect"], each["score"]) for each in models),
        timeline=exhibits.timeline,
    )


def _finding(device: str, found: dict[str, Any]) -> str:
    if found["named"]:
        return (
            f"{device} is named. If the suspect had nothing to do with {device}'s copy, a score this high would come up"
            f" for any of the {found['devices']} devices with a probability of at most {found['familyWiseP']:.1e}."
        )
    threshold = _threshold(found)
    if threshold is None:
        why = f"the scheme '{found['scheme']}' can name nobody among {found['devices']} devices at this alpha"
    else:
        why = f"its score of {found['score']:.2f} is below the threshold of {threshold:.2f}"
    return f"{device} is not named: {why}. That is no proof that the suspect does not descend from its copy."


def _threshold(found: dict[str, Any]) -> float | None:
    return None if found["threshold"] == UNREACHABLE else float(found["threshold"])


def _tiles(said: Any) -> tuple[tuple[str, str], ...]:
    found, fresh = said["finding"], said["negativeControls"]["freshCodewords"]
    return (
        (f"t = {found['score']:.2f}", f"score of the accused; {_from(_threshold(found))}"),
        (f"{found['familyWiseP']:.1e}", f"bound on this by accident, among {found['devices']} devices"),
        (f"{found['alpha']:.0e}", "alpha, declared before the release"),
        (f"{fresh['reachingThreshold']} of {fresh['count']:,}", "random codewords that reach the threshold"),
    )


def _from(threshold: float | None) -> str:
    return "no score names anybody" if threshold is None else f"named from {threshold:.2f} on"


def _shows(said: Any) -> tuple[str, ...]:
    found, newest = said["finding"], said["log"]
    return (
        "Carriers, probes, statistic and alpha were fixed in the log before any codeword of this release existed.",
        "The nonce of the accused's copy was drawn, and its codeword fixed, after that and before the copy was issued.",
        f"The evidence was computed from {found['probes']} answers ({found['kind']}) without looking at any codeword.",
        f"The bound {found['bound']} holds for every suspect, every data set and every attack.",
        f"All of this stands in the log {newest['origin']} of {newest['size']} entries, under a signed checkpoint.",
    )


def _controls(said: Any) -> tuple[tuple[str, str, str], ...]:
    negative, positive = said["negativeControls"], said["positiveControls"]
    fresh, others = negative["freshCodewords"], negative["otherCopies"]
    rows = [
        (
            "random codewords that belong to nobody",
            f"{fresh['count']:,}",
            f"{fresh['reachingThreshold']} reach the threshold, greatest t = {fresh['greatest']:.2f}",
        )
    ]
    if others["ranked"]:
        greatest = f"greatest t = {others['greatest']:.2f} (the registrar's word)"
        rows.append(("copies of other devices", str(others["ranked"]), greatest))
    rows.append(
        ("verdicts about this release so far", str(said["tests"]["verdicts"]), "each at this alpha, all logged")
    )
    for kind, models in (("negative", negative["models"]), ("positive", positive)):
        rows += [
            (f"{kind}: {each['suspect']}", "1", f"t = {each['score']:.2f}, {'named' if each['named'] else 'not named'}")
            for each in models
        ]
        if not models:
            rows.append((f"{kind}: other models", "0", "not run for this pack"))
    return tuple(rows)


def _facts(said: Any) -> tuple[tuple[str, str], ...]:
    accused, asked, look = said["accused"], said["acquisition"], said["sequential"]
    return (
        ("case", said["case"]["id"]),
        ("release", said["release"]["name"]),
        ("copy", accused["copy"]),
        ("issued as", accused["artefact"] or "not recorded as issued"),
        ("made by", accused["method"] or "-"),
        ("probes", asked["requests"]),
        ("answers", asked["responses"]),
        ("decided", "in one look at all probes" if look is None else f"at look {look['look']} of {look['of']}"),
        ("exchanges", "not recorded" if asked["recorded"] is None else f"{asked['recorded']} recorded"),
        ("pack made", said["madeAt"]),
    )
