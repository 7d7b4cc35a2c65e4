"""Composed codes: soft values pass, impossible compositions do not."""

import numpy as np
import pytest

from fingerprint.codes import Blocks, Concatenated, Golay, Repetition, values_of
from fingerprint.errors import ParameterError


def test_repetition_sums_confidence():
    """One confident copy outweighs two doubtful ones; a tie is an erasure and not accepted."""
    received = np.array([[-3, 1, 1], [1, -1, 0]], dtype=np.float32)
    found = Repetition(3).decode(received)
    assert found.message.tolist() == [[1], [0]]
    assert found.values.tolist() == [[-1.0], [0.0]]
    assert found.ok.tolist() == [True, False]


def test_a_code_can_be_inside_another():
    """Golay words whose bits travel as messages of an inner Golay code survive 15 wrong bits spread as t allows."""
    code = Concatenated(Blocks(Golay(), 12), Golay())
    assert (code.n, code.k, code.t) == (23 * 23, 144, 3)
    message = np.random.default_rng(1).integers(0, 2, (4, code.k), dtype=np.uint8)
    word = code.encode(message).reshape(4, 23, 23)
    word[:, :, [0, 5, 9]] ^= 1
    assert np.array_equal(code.decode(values_of(word.reshape(4, -1))).message, message)


@pytest.mark.parametrize(
    "build", [lambda: Repetition(0), lambda: Blocks(Golay(), 0), lambda: Concatenated(Golay(), Golay())]
)
def test_impossible_compositions_are_refused(build):
    """No copies, no blocks, and an outer length that does not divide."""
    with pytest.raises(ParameterError):
        build()
