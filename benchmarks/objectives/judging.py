"""One suspect among 1,000 devices, by the product's own verification."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import nn

from distill import outputs
from fingerprint import codeword
from fingerprint.observation import observe
from fingerprint.pack import VerifierPack
from fingerprint.verify import Candidates, gather, judge

DEVICES = 1_000


@dataclass(frozen=True, kw_only=True)
class Judged:
    """The verdict about one suspect.

    Attributes:
        score, family_wise_p: of the device that the suspect descends from.
        max_score: the greatest score that there can be.
        carried: whether that device is named, and nobody else.
    """

    score: float
    max_score: float
    family_wise_p: float
    carried: bool


def enrolled(pack: VerifierPack) -> Candidates:
    """The codewords of `DEVICES` devices, called 0, 1, ... under this release."""
    keys = [codeword.codeword_key(number.to_bytes(32, "big")) for number in range(DEVICES)]
    words = np.stack([codeword.derive(key, release=pack.release_id, nonce=bytes(32), length=pack.bits) for key in keys])
    names = tuple(map(str, range(DEVICES)))
    return Candidates(release=pack.release_id, devices=names, copies=names, codewords=words)


def judged(pack: VerifierPack, suspect: nn.Module, candidates: Candidates, *, device: int = 0) -> Judged:
    """What the suspect's logits say of the device, and whom the verdict over all of them names."""
    found, named = contributors(pack, suspect, candidates, (device,))
    return replace(found[0], carried=named == {str(device)})


def contributors(
    pack: VerifierPack, suspect: nn.Module, candidates: Candidates, devices: Sequence[int]
) -> tuple[list[Judged], set[str]]:
    """What the suspect's logits say of each of these devices, `carried` if it is named, and all who are named."""
    answers = outputs.logits(suspect, torch.from_numpy(pack.probes)).numpy().astype(np.float64)
    evidence = gather(pack, observe("logits", answers, probes=pack.count, classes=pack.classes))
    named = set(judge(evidence, candidates).named)
    found = []
    for device in devices:  # a verdict lists the best 100 only
        name = (str(device),)
        alone = replace(candidates, devices=name, copies=name, codewords=candidates.codewords[[device]])
        own = judge(evidence, alone, tests=len(candidates.devices)).ranked[0]
        found.append(
            Judged(
                score=own.score,
                max_score=float(np.sqrt(pack.bits)),
                family_wise_p=own.family_wise_p,
                carried=str(device) in named,
            )
        )
    return found, named
