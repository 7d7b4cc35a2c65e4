"""`python -m benchmarks.mint`: how many copies a minute, the same bits again, at what cost, against one distillation.

Example:
    python -m benchmarks.mint --json mint.json
"""

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from benchmarks.coalition import networks
from benchmarks.coalition.workshop import RECIPE, TESTS, Workshop, open_workshop
from benchmarks.survival.data import FOLDER, DataMissing
from distill import artefact, outputs
from distill.mint import mint
from distill.stream import Press, press
from distill.weights import prepare_weights, sign_weights
from fingerprint import codeword, statistics, trace
from fingerprint.kit import SigningKit
from fingerprint.observation import observe
from fingerprint.verify import gather

Result = dict[str, Any]
_PRESSED, _AGAIN, _ACCURATE, _DISTILLED = 20_000, 300, 50, 10


def main() -> int:
    """Exit code: 0 done, 1 the images are missing."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mint", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--json", type=Path, help="where to write the figures")
    parser.add_argument("--data", type=Path, default=FOLDER, help="folder of the four image files")
    parser.add_argument("--scored", type=int, default=100, help="minted copies to verify")
    cache = Path.home() / ".cache" / "countermark" / "coalition"
    parser.add_argument("--cache", type=Path, default=cache, help="trained models, shared with benchmarks.coalition")
    chosen = parser.parse_args()
    begun = time.perf_counter()
    try:
        shop = open_workshop(chosen.data, chosen.cache)
    except DataMissing as error:
        print(error, file=sys.stderr)
        return 1
    result = measure(shop, chosen.scored)
    result["wall_seconds"] = time.perf_counter() - begun
    print(json.dumps(result, indent=1))
    if chosen.json:
        chosen.json.write_text(json.dumps(result, indent=1) + "\n")
    return 0


def measure(shop: Workshop, scored: int) -> Result:
    """All figures."""
    prepared = shop.prepared
    plain = press(prepared.base, prepared.kit, head=networks.HEAD)
    pack = prepare_weights(prepared.base, prepared.kit)
    both = press(prepared.base, prepared.kit, head=networks.HEAD, weights=pack)
    base = shop.accuracy(prepared.base)
    copies = [prepared.mint(word) for word in _words(shop, _ACCURATE)]
    signed = [sign_weights(copy, pack, word) for copy, word in zip(copies, _words(shop, _ACCURATE), strict=True)]
    cost = {name: _cost(shop, models, base) for name, models in (("minted", copies), ("minted, weights", signed))}
    return {
        "benchmark": "mint",
        "dataset": "fashion-mnist",
        "bits": prepared.kit.bits,
        "strength": RECIPE.strength,
        "head_parameters": int(plain.changes.gain.shape[1]) * prepared.kit.classes,
        "file_bytes": len(plain.template),
        "base_accuracy": base,
        "copies_per_minute": _speed(shop, plain),
        "copies_per_minute_weights_too": _speed(shop, both),
        "reproducible": _reproducible(shop, plain),
        "accuracy_cost": cost["minted"],
        "accuracy_cost_weights_too": cost["minted, weights"],
        **_scores(shop, scored),
        "distillation": _distillation(shop),
    }


def _words(shop: Workshop, count: int) -> Iterator[NDArray[np.int8]]:
    """Codewords as the registry draws them, one device key each."""
    release, bits = shop.prepared.pack.release_id, shop.prepared.kit.bits
    for number in range(count):
        key = codeword.codeword_key(hashlib.sha256(f"device {number}".encode()).digest())
        yield codeword.derive(key, release=release, nonce=bytes(32), length=bits)


def _speed(shop: Workshop, machine: Press) -> float:
    """Copies a minute on one thread: codeword drawn, file made, its digest taken."""
    begun = time.perf_counter()
    for file in machine.copies(_words(shop, _PRESSED)):
        hashlib.sha256(file).digest()
    return 60 * _PRESSED / (time.perf_counter() - begun)


def _reproducible(shop: Workshop, machine: Press) -> bool:
    """Streamed files against files minted one by one, in another order, from the kit's bytes."""
    prepared, words = shop.prepared, list(_words(shop, _AGAIN))
    kit = SigningKit.from_bytes(prepared.kit.to_bytes())
    streamed = list(machine.copies(words))
    single = [artefact.to_bytes(mint(prepared.base, kit, word, head=networks.HEAD)) for word in reversed(words)]
    return streamed == single[::-1]


def _cost(shop: Workshop, models: list[nn.Module], base: float) -> Result:
    found = np.array([shop.accuracy(model) for model in models])
    return {
        "copies": len(models),
        "points": 100 * float(base - found.mean()),
        "standard_error": 100 * float(found.std(ddof=1) / np.sqrt(len(found))),
        "worst_points": 100 * float(base - found.min()),
    }


def _scores(shop: Workshop, count: int) -> Result:
    words = list(_words(shop, count))
    return _named(shop, [_score(shop, shop.prepared.mint(word), word) for word in words])


def _named(shop: Workshop, scores: list[float]) -> Result:
    t = np.array(scores)
    limit = statistics.threshold(shop.prepared.pack.alpha, TESTS)
    return {
        "score": float(t.mean()),
        "lowest_score": float(t.min()),
        "greatest_score": float(np.sqrt(shop.prepared.kit.bits)),
        "scored": len(t),
        "not_named": int((t < limit).sum()),
        "tests": TESTS,
    }


def _score(shop: Workshop, model: nn.Module, word: NDArray[np.int8]) -> float:
    pack = shop.prepared.pack
    answers = outputs.logits(model, shop.data.probes).numpy().astype(np.float64)
    evidence = gather(pack, observe("logits", answers, probes=pack.count, classes=pack.classes))
    return float(trace.scores(evidence.values, word[None])[0])


def _distillation(shop: Workshop) -> Result:
    begun = time.perf_counter()
    words = list(_words(shop, _DISTILLED))
    models = [shop.prepared.distil(w, seed=("benchmarks/mint", "distilled", i)).model for i, w in enumerate(words)]
    seconds = (time.perf_counter() - begun) / len(models)
    scores = [_score(shop, model, word) for model, word in zip(models, words, strict=True)]
    return {
        "seconds": seconds,
        "copies_per_minute": 60 / seconds,
        "accuracy_cost": _cost(shop, models, shop.clean_accuracy),
        **_named(shop, scores),
    }


if __name__ == "__main__":
    sys.exit(main())
