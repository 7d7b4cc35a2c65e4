"""Quintics and Crit8 against NumPy's own roots, and the claim that is made for Crit8."""

from itertools import pairwise

import numpy as np
import torch

from benchmarks.objectives import quintic
from distill import outputs
from distill.trees import hard_tree


def slow_crit8(row, *, sort):
    """One polynomial by `numpy.roots` and `numpy.polyval`, as the authors' notebook has it."""
    full = np.r_[1.0, row]
    points = np.roots(np.polyder(full))
    real = points[np.abs(points.imag) < 1e-10].real
    values = np.polyval(full, np.sort(real) if sort else real)
    signs = [np.sign(v) for v in values if abs(v) >= 1e-10]
    return sum(a * b < 0 for a, b in pairwise(signs))


def test_classes_and_crit8_equal_numpys():
    """Number of real roots and sign changes, row by row, in NumPy's order and along the axis."""
    polynomials = quintic.balanced(240, "tests")
    roots = [np.roots(np.r_[1.0, row]) for row in polynomials]
    assert quintic.classes(polynomials).tolist() == [int((np.abs(r.imag) < 1e-10).sum() // 2) for r in roots]
    for sort in (False, True):
        expected = [slow_crit8(row, sort=sort) for row in polynomials]
        assert quintic.crit8(polynomials, along_the_axis=sort).tolist() == expected


def test_known_polynomials():
    """x (x^2 - 1)(x^2 - 4) has five real roots and three sign changes; x^5 + x has one and none."""
    known = np.array([[0.0, -5, 0, 4, 0], [0.0, 0, 0, 1, 0]])
    assert quintic.classes(known).tolist() == [2, 0]
    assert quintic.crit8(known, along_the_axis=True).tolist() == [3, 0]


def test_crit8_gives_a_tree_what_the_coefficients_alone_do_not():
    """The paper's claim: at depth 8 the tree with Crit8 is more accurate by over ten points."""
    found = []
    for columns in (5, 6):
        parts = []
        for part in ("transfer", "test"):
            polynomials = quintic.balanced(1500, "claim", part)
            x = np.column_stack([polynomials, quintic.crit8(polynomials)])[:, :columns]
            parts.append((torch.as_tensor(x, dtype=torch.float32), torch.as_tensor(quintic.classes(polynomials))))
        (x, y), (test, truth) = parts
        found.append(outputs.accuracy(hard_tree(x, y, 3, depth=8, seed=("tests",)), test, truth))
    assert found[1] > found[0] + 0.1
