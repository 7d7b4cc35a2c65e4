"""How sure the 1,024-bit profile is at 15 %: `python -m benchmarks.puf.short --json FILE`, up to an hour on one core.

Its decoder tries plain successive cancellation first, which fails with at most B at 15 % (proven, density evolution),
and lists only where the CRC fails. So

    P(fail) <= B g,   g = P(the lists do not mend it | successive cancellation failed)

g is measured where failures of successive cancellation are common enough to be collected: at exactly w = 225 wrong bits
of 1,024 (22 %), where 1 word in 14 fails, instead of some 154. Then, with u(w) the upper 95 % limit of g(w) and f the
share of all words that fail,

    P(fail) <= B u(w) + P(W > w) f(v) + P(W > v),   v = 245, W ~ Binomial(1024, 0.15)

rests on one assumption beside the measurement: that the lists mend no smaller a share of fewer errors, and that no
larger a share of words fails. Some words with more errors are measured as well, up to v and beyond.
"""

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import beta

from fingerprint.codes import Polar, values_of
from fingerprint.codes.tails import binomial_tail
from fingerprint.extractor import POLAR_128_SHORT

ERROR, AT, BEYOND = 0.15, 225, 245
#: Wrong bits, and how many failures of successive cancellation are wanted there.
STRATA = {265: 200, 255: 400, BEYOND: 1000, AT: 40_000}
_BATCH = 500


def stratum(code: Polar, wrong: int, *, wanted: int, seconds: float, generator: np.random.Generator) -> dict[str, Any]:
    """Words with exactly `wrong` wrong bits until `wanted` of them defeat successive cancellation, or time is up."""
    plain, end = replace(code, paths=1), time.monotonic() + seconds
    words = defeated = failed = 0
    while defeated < wanted and time.monotonic() < end:
        message = generator.integers(0, 2, (_BATCH, code.k), dtype=np.uint8)
        noise = np.zeros((_BATCH, code.n), dtype=np.uint8)
        noise[:, :wrong] = 1
        received = values_of(code.encode(message) ^ generator.permuted(noise, axis=1))
        hard = np.flatnonzero(_failed(plain, received, message))
        words, defeated = words + _BATCH, defeated + len(hard)
        if len(hard):
            failed += int(_failed(code, received[hard], message[hard]).sum())
    return {
        "wrong_bits": wrong,
        "words": words,
        "defeated": defeated,
        "failed": failed,
        "unmended_high": _high(failed, defeated),
        "failed_high": _high(failed, words),
    }


def _failed(code: Polar, received: np.ndarray, message: np.ndarray) -> np.ndarray:
    found = code.decode(received)
    return np.asarray(~found.ok | (found.message != message).any(axis=1))


def _high(seen: int, tried: int) -> float:
    """Upper end of the one-sided 95 % interval of Clopper and Pearson; 1 where nothing was tried."""
    return 1.0 if seen >= tried else float(beta.ppf(0.95, seen + 1, tried - seen))


def measure(*, seconds: float, wanted: dict[int, int]) -> dict[str, Any]:
    """All strata within some seconds, most of them for the one that counts, and what they give at 15 %."""
    code = POLAR_128_SHORT.code
    assert isinstance(code, Polar)
    rng = np.random.default_rng(13)
    end, strata = time.monotonic() + seconds, []
    for wrong, count in sorted(wanted.items(), reverse=True):
        left = end - time.monotonic() if wrong == AT else seconds / 8
        strata.append(stratum(code, wrong, wanted=count, seconds=left, generator=rng))
    at = {row["wrong_bits"]: row for row in strata}
    first_try = code.failure_bound(ERROR)
    beyond = binomial_tail(code.n, AT + 1, ERROR) * at[BEYOND]["failed_high"] + binomial_tail(code.n, BEYOND + 1, ERROR)
    return {
        "error": ERROR,
        "response_bits": code.n,
        "first_try_bound": first_try,
        "at": AT,
        "beyond_bits": BEYOND,
        "beyond": beyond,
        "high": first_try * at[AT]["unmended_high"] + beyond,
        "strata": strata[::-1],
    }


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.puf.short", description=__doc__)
    parser.add_argument("--json", type=Path, required=True, help="file to write")
    parser.add_argument("--seconds", type=float, default=3000.0, help="how long to measure")
    given = parser.parse_args()
    numbers = measure(seconds=given.seconds, wanted=STRATA)
    given.json.write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(numbers, indent=1))


if __name__ == "__main__":
    main()
