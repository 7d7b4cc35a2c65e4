"""Controls: other suspects of the same release, each a decided case whose truth is known by design, rescored."""

from dataclasses import dataclass
from typing import Any

from fingerprint.observation_bytes import read_observation
from fingerprint.replay import evidence, judgement, scoring
from fingerprint.replay.release import Release
from registry.evidence import contents
from registry.log import entries


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """One control as it goes into a pack.

    Attributes:
        case: id of its case.
        entry_index: where its verdict stands in the log.
        suspect: what the case calls it.
        salt: of its case.
        answers: bytes of its observation.
        expect_named: whether the accused ought to be named: a copy of the accused's, or not.
        look: the look of the release's plan that decided it; None for one look at all probes.
    """

    case: str
    entry_index: int
    suspect: str
    salt: bytes
    answers: bytes
    expect_named: bool
    look: int | None


def statement(control: Control, number: int, asked: Release, codeword: judgement.Signs, tests: int) -> dict[str, Any]:
    """What the pack says of a control: the accused's score against it, recomputed as at the control's own look."""
    observation = read_observation(control.answers, probes=asked.count, classes=asked.classes)
    scorer = scoring.scorer(evidence.gather(asked, observation))
    found = judgement.judge(scorer, codeword, alpha=asked.alpha, tests=tests)
    return {
        "number": number,
        "look": control.look,
        "case": control.case,
        "suspect": control.suspect,
        "suspectSalt": contents.to_text(entries.opening_salt(control.salt, "suspect")),
        "kind": observation.kind.value,
        "expectNamed": control.expect_named,
        "score": found.score,
        "familyWiseP": found.family_wise_p,
        "named": found.named,
    }
