"""The hidden layers' signature in answers."""

from itertools import pairwise

import numpy as np
from scipy.special import log_softmax

from benchmarks.weights.seen import seen_evidence
from fingerprint import seeds, trace
from fingerprint.weights import Layer, WeightsPack

WIDTHS, BITS = (12, 24, 20, 5), 40


def _answers(tensors: dict[str, np.ndarray], inputs: np.ndarray, head: np.ndarray) -> np.ndarray:
    for number in range(2):
        inputs = np.maximum(inputs @ tensors[f"{number}.weight"].T + tensors[f"{number}.bias"], 0)
    return log_softmax(inputs @ head.T, axis=1)


def test_a_new_head_does_not_hide_the_hidden_layers():
    """Through a last layer drawn at random the true codeword scores near sqrt(L) and strangers do not."""
    rng = seeds.stream("tests", "seen")
    base: dict[str, np.ndarray] = {}
    for number, (inward, outward) in enumerate(pairwise(WIDTHS)):
        base[f"{number}.weight"] = (rng.normal(size=(outward, inward)) / np.sqrt(inward)).astype(np.float32)
        base[f"{number}.bias"] = (0.1 * rng.normal(size=outward)).astype(np.float32)
    chain = tuple(Layer(weight=f"{number}.weight", bias=f"{number}.bias") for number in range(3))
    pack = WeightsPack(release="r", release_key=b"s" * 32, bits=BITS, base=base, chain=chain)
    words = np.where(rng.random((60, BITS)) < 0.5, -1, 1).astype(np.int8)
    copy = {name: tensor + pack.change(words[0]).get(name, np.float32(0)) for name, tensor in base.items()}
    inputs = rng.normal(size=(700, WIDTHS[0]))
    head = rng.normal(size=(WIDTHS[-1], WIDTHS[-2]))
    t = trace.scores(seen_evidence(_answers(copy, inputs, head), inputs, pack), words)
    assert t[0] > 0.9 * np.sqrt(BITS)
    assert t[1:].max() < 4
    stranger = trace.scores(seen_evidence(_answers(base, inputs, head), inputs, pack), words)
    assert stranger[0] < 4
