"""Evaluations, decodes, key generations and reconstructions a second."""

from typing import Any

import numpy as np

from benchmarks.puf.clock import per_second
from fingerprint.codes import Bch, Code, Golay, Polar, values_of
from fingerprint.codes.polar_sets import INFORMATION_1024, INFORMATION_2304
from fingerprint.extractor import PROFILES
from fingerprint.puf import (
    ArbiterPuf,
    FeedForwardPuf,
    InterposePuf,
    RingOscillatorPuf,
    SramPuf,
    StrongPuf,
    challenges,
    enroll,
    reproduce,
)
from fingerprint.puf.delay import Chains

ASKED = 200_000


def strong() -> dict[str, StrongPuf]:
    """Strong PUFs of 64 stages."""
    return {
        "arbiter": ArbiterPuf.manufacture("speed", stages=64),
        "XOR of 4 arbiters": ArbiterPuf.manufacture("speed", stages=64, chains=4),
        "XOR of 8 arbiters": ArbiterPuf.manufacture("speed", stages=64, chains=8),
        "feed-forward, 2 loops": FeedForwardPuf(
            chains=Chains.manufacture("speed", stages=64, chains=1), loops=((15, 31), (31, 47))
        ),
        "interpose (1, 4)": InterposePuf(
            upper=ArbiterPuf.manufacture("speed", "upper", stages=64),
            lower=ArbiterPuf.manufacture("speed", "lower", stages=65, chains=4),
            position=32,
        ),
    }


def evaluations() -> list[dict[str, Any]]:
    """Responses a second: noise-free for strong PUFs, response bits with noise for weak ones."""
    asked = challenges.random(np.random.default_rng(1), count=ASKED, stages=64)
    rows = [
        {"puf": name, "unit": "responses", "per_second": per_second(lambda puf=puf: puf.respond(asked), ASKED)}
        for name, puf in strong().items()
    ]
    rng = np.random.default_rng(2)
    sram = SramPuf.manufacture("speed", cells=4096)
    ring = RingOscillatorPuf.manufacture("speed", oscillators=4096)
    for name, weak in (("SRAM", sram), ("ring oscillator", ring)):
        speed = per_second(lambda weak=weak: weak.read(rng, reads=100), 100 * weak.cells)
        rows.append({"puf": name, "unit": "bits", "per_second": speed})
    return rows


def decoders() -> list[dict[str, Any]]:
    """Words decoded a second at a stated number or rate of errors."""
    jobs: list[tuple[Code, float, int]] = [
        (Golay(), 3 / 23, 40_000),
        (Bch(degree=7, t=10), 10 / 127, 40_000),
        (Bch(degree=8, t=30), 30 / 255, 10_000),
        (Bch(degree=10, t=115), 115 / 1023, 500),
        (Polar(n=1024, information=INFORMATION_1024, checks=16, paths=512, error=0.15), 0.15, 500),
        (Polar(n=2304, information=INFORMATION_2304, checks=16, paths=8, error=0.15), 0.15, 300),
    ]
    rows = []
    for code, error, count in jobs:
        received = _received(code, error, count)
        speed = per_second(lambda code=code, received=received: code.decode(received), count)
        label = f"polar({code.n},{code.k}), list {code.paths}" if isinstance(code, Polar) else code.name
        rows.append({"code": label, "errors": round(error * code.n), "per_second": speed})
    return rows


def _received(code: Code, error: float, count: int) -> np.ndarray:
    """Random codewords with exactly the stated number of wrong bits."""
    rng = np.random.default_rng(3)
    word = code.encode(rng.integers(0, 2, (count, code.k), dtype=np.uint8))
    wrong = rng.random(word.shape).argsort(axis=1) < round(error * code.n)
    return values_of(word ^ wrong.astype(np.uint8))


def keys() -> list[dict[str, Any]]:
    """Enrolments (from nine reads) and reconstructions (from one read) a second, one at a time."""
    rows = []
    for profile in PROFILES.values():
        chip = SramPuf.manufacture("speed", cells=profile.cells)
        rng = np.random.default_rng(4)
        reads = chip.read(rng, reads=9)
        helper = enroll(reads, profile=profile, entropy=rng.bytes).helper
        made = per_second(
            lambda p=profile, r=reads, e=rng.bytes: [enroll(r, profile=p, entropy=e) for _ in range(5)], 5
        )
        found = per_second(lambda r=reads, h=helper: [reproduce(r[0], h) for _ in range(5)], 5)
        rows.append({"profile": profile.name, "generations": made, "reconstructions": found})
    return rows
