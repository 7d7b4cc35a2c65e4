"""`python -m benchmarks.accuser --json FILE`: exit code 1 if a nonce drawn afterwards does not stop the accuser.

Example:
    nice -n 19 python -m benchmarks.accuser --json docs/measured/accuser.json
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.stats import binom
from threadpoolctl import threadpool_limits

from benchmarks.accuser import cast, counting, crafting, grinding
from fingerprint import seeds
from fingerprint.statistics import tail_bound, threshold

ALPHA = 1e-6
PROBES, STEPS, RELEASES = 600, 300, 8
SIGNIFICANCE = 1e-3


def main() -> int:
    """Run, print, write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuser", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--json", type=Path, required=True, help="where the rows go")
    parser.add_argument("--budget", type=int, default=1 << 23, help="keys that the accuser tries")
    parser.add_argument("--nonces", type=int, default=10_000, help="nonces drawn after each commitment")
    given = parser.parse_args()
    torch.set_num_threads(1)
    with threadpool_limits(1):
        who = cast.gather(epochs=60, surrogates=6)
        rows = _crafted(who, given.nonces)
        ground = _ground(who, given.budget, given.nonces)
    excess = [row for row in rows if _above(row["observed"], row["trials"])]
    result = {
        "benchmark": "accuser",
        "dataset": "digits",
        "alpha": ALPHA,
        "accused": sorted(who.accused),
        "surrogates": len(who.surrogates),
        "probes": PROBES,
        "crafted": rows,
        "ground": ground,
        "above_nominal": len(excess) + int(_above(ground["observed"], ground["trials"])),
    }
    given.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))
    return int(result["above_nominal"] > 0)


def _crafted(who: cast.Cast, nonces: int) -> list[dict[str, Any]]:
    key = seeds.xof(b"release key of the accuser", "crafted", length=32)
    word = seeds.signs(b"codeword known beforehand", "known", count=(crafting.CLASSES - 1) * cast.COMPONENTS)
    given: dict[str, Any] = {"probes": PROBES, "release_key": key, "alpha": ALPHA}
    packs = {
        "honest pack": crafting.honest(who, **given),
        "probes by gradient": crafting.by_gradient(who, word, steps=STEPS, **given),
        "features and reference": crafting.by_features(who, word, **given),
    }
    return [counting.count(name, who, pack, word, nonces=nonces).fields() for name, pack in packs.items()]


def _ground(who: cast.Cast, budget: int, nonces: int) -> dict[str, Any]:
    """Release keys, probe sets and device keys against the first of the independent models."""
    packs = [
        crafting.honest(
            who,
            probes=PROBES - number,  # another number of probes, another probe set
            release_key=seeds.xof(b"release keys of the accuser", number, length=32),
            alpha=ALPHA,
        )
        for number in range(RELEASES)
    ]
    name = next(iter(who.accused))
    releases = [(pack.release_id, counting.evidence(who, pack)[name].values) for pack in packs]
    best = grinding.grind(releases, nonce=bytes(32), budget=budget)
    release, evidence = releases[best.pack]
    raw = seeds.xof(b"nonces of the registrar", release, length=32 * nonces)
    drawn = [raw[32 * i : 32 * i + 32] for i in range(nonces)]
    after = grinding.redrawn(best, release=release, evidence=evidence, nonces=drawn)
    p = tail_bound(after)
    return {
        "accused": name,
        "budget": best.tries,
        "release_keys": RELEASES,
        "threshold": threshold(ALPHA, 1),
        "score_known": best.score,
        "named_known": bool(tail_bound(np.array([best.score]))[0] <= ALPHA),
        "trials": nonces,
        "observed": {f"{alpha:.0e}": float((p <= alpha).mean()) for alpha in counting.ALPHAS},
        "highest": float(after.max()),
        "named_after": int((p <= ALPHA).sum()),
    }


def _above(observed: dict[str, float], trials: int) -> bool:
    """Whether a rate is above its alpha beyond sampling error."""
    return any(
        binom.sf(round(rate * trials) - 1, trials, float(alpha)) < SIGNIFICANCE / len(observed)
        for alpha, rate in observed.items()
    )


if __name__ == "__main__":
    sys.exit(main())
