"""Failure rates with intervals, keys in environments, the modelling attack."""

from dataclasses import asdict, replace
from typing import Any

import numpy as np

from fingerprint.codes import Bch, Code, Concatenated, Golay, Polar, Repetition
from fingerprint.codes.failure import estimate
from fingerprint.errors import ReconstructionError
from fingerprint.extractor import POLAR_128_SHORT, PROFILES, Profile
from fingerprint.puf import (
    ArbiterPuf,
    Environment,
    SramPuf,
    challenges,
    enroll,
    reproduce,
)
from fingerprint.puf.modelling import learn

#: Bit error rates and words of plain Monte Carlo, by profile.
WORDS = {"polar-256": 2000, "polar-128": 2000, "polar-128-short": 2000, "golay-256": 4000}
RATES = (0.05, 0.1, 0.15, 0.2)
PLACES = {
    "nominal": Environment(),
    "-40 °C": Environment(celsius=-40),
    "85 °C": Environment(celsius=85),
    "85 °C, supply -10 %": Environment(celsius=85, supply=0.9),
    "ten years": Environment(years=10),
    "85 °C, supply -10 %, ten years": Environment(celsius=85, supply=0.9, years=10),
}


def failures() -> list[dict[str, Any]]:
    """Per profile and error rate: the bound, and what plain Monte Carlo finds with its 95 % interval."""
    rows = []
    for profile in PROFILES.values():
        for error in RATES:
            found = estimate(profile.code, error, generator=np.random.default_rng(7), words=WORDS[profile.name])
            rows.append({"profile": profile.name, "bound": profile.failure_bound(error), **asdict(found)})
    return rows


def checks() -> list[dict[str, Any]]:
    """Analytic failure rates against importance sampling, where sampling can reach them."""
    plain = replace(POLAR_128_SHORT.code, paths=1) if isinstance(POLAR_128_SHORT.code, Polar) else POLAR_128_SHORT.code
    jobs: tuple[tuple[str, Code, float, float, int], ...] = (
        ("exact", Bch(degree=8, t=30), 0.05, 0.09, 20_000),
        ("exact", Bch(degree=7, t=10), 0.01, 0.05, 40_000),
        ("upper bound", Concatenated(Golay(), Repetition(5)), 0.05, 0.12, 40_000),
        ("upper bound", plain, 0.15, 0.165, 20_000),
    )
    rows = []
    for kind, code, error, raised, words in jobs:
        found = estimate(code, error, generator=np.random.default_rng(11), words=words, raised=raised)
        label = f"polar({code.n},{code.k}), plain" if isinstance(code, Polar) else code.name
        rows.append({"code": label, "kind": kind, "analytic": code.failure_bound(error), **asdict(found)})
    return rows


def environments(profile: Profile, *, devices: int = 40) -> list[dict[str, Any]]:
    """Enrolled at nominal conditions from nine reads; error rates and keys found elsewhere, five reads a device."""
    batch = SramPuf.manufacture("environments", cells=profile.cells, devices=devices)
    rng = np.random.default_rng(8)
    chips = [batch.chip(index) for index in range(devices)]
    made = [enroll(chip.read(rng, reads=9), profile=profile, entropy=rng.bytes) for chip in chips]
    rows = []
    for place, environment in PLACES.items():
        all_cells, chosen, found = [], [], 0
        for chip, enrolment in zip(chips, made, strict=True):
            reads = chip.read(rng, reads=5, environment=environment)
            wrong = reads != (chip.mismatch > 0)
            all_cells.append(wrong.mean())
            chosen.append(wrong[:, enrolment.helper.selected].mean())
            found += sum(_came_back(read, enrolment.helper, enrolment.key, profile) for read in reads)
        rows.append(
            {
                "environment": place,
                "error_all_cells": float(np.mean(all_cells)),
                "error_selected": float(np.mean(chosen)),
                "keys_found": found,
                "keys_tried": 5 * devices,
                "profile": profile.name,
            }
        )
    return rows


def _came_back(read: np.ndarray, helper: Any, key: bytes, profile: Profile) -> bool:
    try:
        found = reproduce(read, helper, profile=profile)
    except ReconstructionError:
        return False
    if found != key:
        raise AssertionError("a wrong key was returned: that must never happen")
    return True


def attacks() -> list[dict[str, Any]]:
    """Responses seen and accuracy on unseen challenges of the modelling attack, 64 stages, noise 0.05."""
    rows = []
    for chains, count, epochs in ((1, 500, 200), (1, 2000, 200), (2, 8000, 150), (3, 20_000, 120), (4, 60_000, 60)):
        target = ArbiterPuf.manufacture("attacked", chains, stages=64, chains=chains)
        rng = np.random.default_rng(10)
        seen, unseen = (challenges.random(rng, count=n, stages=64) for n in (count, 20_000))
        clone = learn(seen, target.respond(seen, rng), chains=chains, generator=np.random.default_rng(3), epochs=epochs)
        accuracy = float((clone.predict(unseen) == target.respond(unseen)).mean())
        rows.append({"chains": chains, "responses": count, "accuracy": accuracy})
    return rows
