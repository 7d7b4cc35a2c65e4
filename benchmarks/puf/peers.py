"""The same work by others, in the same run: pypuf's simulation and galois' decoder, where they can be imported.

pypuf is under the GPL: it runs in an interpreter of its own that the caller names, and nothing of it is imported here.
"""

import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.puf.clock import per_second
from fingerprint.codes import Bch, values_of
from fingerprint.puf import ArbiterPuf, challenges

COUNT, STAGES, CHAINS, ROUNDS = 200_000, 64, 4, 3

_PYPUF = """
import sys, time
import numpy as np
from pypuf.simulation import XORArbiterPUF
bits = np.load(sys.argv[1])
asked = (1 - 2 * bits.astype(np.int8)).astype(np.int8)
puf = XORArbiterPUF(n=bits.shape[1], k=int(sys.argv[2]), seed=1)
puf.eval(asked[:1000])
best = min((lambda s: (puf.eval(asked), time.perf_counter() - s)[1])(time.perf_counter()) for _ in range(2))
print(len(asked) / best)
"""


def against_pypuf(python: Path) -> dict[str, Any] | None:
    """Responses a second of an XOR of 4 arbiters with 64 stages, alternately ours and pypuf's; None without pypuf."""
    asked = challenges.random(np.random.default_rng(5), count=COUNT, stages=STAGES)
    ours_puf = ArbiterPuf.manufacture("peer", stages=STAGES, chains=CHAINS)
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "challenges.npy"
        np.save(path, asked)
        for _ in range(ROUNDS):
            ours.append(per_second(lambda: ours_puf.respond(asked), COUNT))
            ran = subprocess.run(
                [str(python), "-c", _PYPUF, str(path), str(CHAINS)], capture_output=True, text=True, check=False
            )
            if ran.returncode:
                return None
            theirs.append(float(ran.stdout))
    return {"ours": max(ours), "pypuf": max(theirs), "ratio": max(ours) / max(theirs), "challenges": COUNT}


def against_galois() -> dict[str, Any] | None:
    """Decodes a second of BCH(127, 64, 10) with 10 errors, ours and galois'; None without galois."""
    if find_spec("galois") is None:
        return None
    import galois  # noqa: PLC0415 - slow to import, and only a peer

    theirs_code = galois.BCH(127, 64, extension_field=galois.GF(2**7))
    code = Bch(degree=7, t=10)
    rng = np.random.default_rng(6)
    message = rng.integers(0, 2, (20_000, 64), dtype=np.uint8)
    word = code.encode(message) ^ (rng.random((20_000, 127)).argsort(axis=1) < 10).astype(np.uint8)
    ours = per_second(lambda: code.decode(values_of(word)), len(word))
    few = word[:100]
    same = bool((np.asarray(theirs_code.decode(few)) == code.decode(values_of(few)).message).all())
    theirs = per_second(lambda: theirs_code.decode(few), len(few))
    return {"code": code.name, "ours": ours, "galois": theirs, "ratio": ours / theirs, "agree": same}
