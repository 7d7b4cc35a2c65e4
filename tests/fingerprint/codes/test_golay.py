"""The Golay code, exhaustively."""

from itertools import combinations

import numpy as np

from fingerprint.codes import Golay, values_of


def _all(width) -> np.ndarray:
    return (np.arange(1 << width)[:, None] >> np.arange(width - 1, -1, -1) & 1).astype(np.uint8)


def test_weight_distribution():
    """All 4,096 codewords have the weights of the perfect Golay code: 1, 253, 506, 1288, 1288, 506, 253, 1."""
    weights = np.bincount(Golay().encode(_all(12)).sum(axis=1), minlength=24)
    expected = {0: 1, 7: 253, 8: 506, 11: 1288, 12: 1288, 15: 506, 16: 253, 23: 1}
    assert {int(w): int(weights[w]) for w in np.flatnonzero(weights)} == expected


def test_every_pattern_of_three_errors_is_corrected():
    """All 2,048 patterns of at most 3 errors, on 50 codewords each."""
    code = Golay()
    patterns = [positions for weight in range(4) for positions in combinations(range(23), weight)]
    errors = np.zeros((len(patterns), 23), dtype=np.uint8)
    for row, positions in zip(errors, patterns, strict=True):
        row[list(positions)] = 1
    messages = np.random.default_rng(1).integers(0, 2, (50, 12), dtype=np.uint8)
    words = code.encode(messages)
    received = (words[:, None] ^ errors[None]).reshape(-1, 23)
    found = code.decode(values_of(received)).message.reshape(50, len(patterns), 12)
    assert (found == messages[:, None]).all()


def test_the_nearest_codeword_is_found():
    """On random words the table agrees with a search over all codewords."""
    code = Golay()
    messages = _all(12)
    words = code.encode(messages).astype(np.int64)
    received = np.random.default_rng(2).integers(0, 2, (300, 23), dtype=np.uint8)
    distance = (received[:, None] != words[None]).sum(axis=2)
    assert distance.min(axis=1).max() <= 3
    assert np.array_equal(code.decode(values_of(received)).message, messages[distance.argmin(axis=1)])
