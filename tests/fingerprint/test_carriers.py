"""Carriers: exact orthogonal maps, against the dense matrices they stand for."""

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st

from fingerprint import seeds
from fingerprint.carriers import Rotation, from_class_basis, signature_matrix, to_class_basis
from fingerprint.errors import ParameterError
from fingerprint.whitening import fit_shared_whitening, fit_whitening

KEY = b"r" * 32


def dense(function, size):
    """The matrix of a linear map, column by column: the slow obvious form."""
    return np.stack([function(row) for row in np.eye(size)], axis=1)


@given(st.integers(1, 60))
@settings(max_examples=25)
def test_rotation_is_orthogonal(length):
    """R^T R = I, and `inverse` is the transpose."""
    rotation = Rotation(key=KEY, length=length)
    matrix = dense(rotation.forward, length)
    assert np.allclose(matrix.T @ matrix, np.eye(length), atol=1e-12)
    assert np.allclose(dense(rotation.inverse, length), matrix.T, atol=1e-12)


@given(st.integers(2, 40))
@settings(max_examples=20)
def test_class_basis_is_orthonormal_and_zero_sum(classes):
    """B has C-1 orthonormal columns that sum to zero, and `to_class_basis` is B^T."""
    basis = dense(from_class_basis, classes - 1)
    assert np.allclose(basis.T @ basis, np.eye(classes - 1), atol=1e-12)
    assert np.allclose(basis.sum(axis=0), 0, atol=1e-12)
    assert np.allclose(dense(to_class_basis, classes), basis.T, atol=1e-12)


def test_rotation_hides_every_carrier():
    """No entry of R stands out: the largest is a few times 1/sqrt(L), and another key gives an unrelated R."""
    one, other = (dense(Rotation(key=key, length=216).forward, 216) for key in (KEY, b"s" * 32))
    assert np.abs(one).max() * np.sqrt(216) < 8
    assert np.abs((one * other).sum()) < 6 * np.sqrt(216)


def test_signature_matrix_is_the_formula():
    """M_d = B reshape(R c_d, C-1, k), by dense matrices."""
    classes, k = 5, 3
    rotation = Rotation(key=KEY, length=(classes - 1) * k)
    c = seeds.signs(KEY, "c", count=rotation.length)
    basis = dense(from_class_basis, classes - 1)
    expected = basis @ (dense(rotation.forward, rotation.length) @ c).reshape(classes - 1, k)
    assert np.allclose(signature_matrix(c, rotation=rotation, classes=classes), expected)


def test_signature_has_unit_size():
    """|M_d|^2 = L, so that s_d = M_d h / sqrt(k) has about unit rms for white h."""
    rotation = Rotation(key=KEY, length=216)
    m = signature_matrix(seeds.signs(KEY, "c", count=216), rotation=rotation, classes=10)
    h = seeds.stream("tests", "white").normal(size=(20_000, 24))
    assert np.isclose((m * m).sum(), 216)
    assert np.isclose(np.sqrt(np.mean((h @ m.T / np.sqrt(24)) ** 2)), np.sqrt(0.9), rtol=0.02)


def test_whitening_whitens_in_falling_order():
    """cov(h) = I; components come by falling variance of the features; the sign is fixed."""
    f = seeds.stream("tests", "features").normal(size=(500, 8)) * np.arange(1, 9)
    whitening = fit_whitening(f, components=5)
    h = whitening(f)
    assert np.allclose(np.cov(h.T, bias=True), np.eye(5), atol=1e-9)
    explained = 1 / (whitening.projection**2).sum(axis=0)
    assert (np.diff(explained) < 0).all()
    again = fit_whitening(f[::-1], components=5)
    assert np.allclose(whitening.projection, again.projection)


def slow_shares(f, g, projection):
    """Share of each component's variance that a least-squares fit on the students explains."""
    h = (f - f.mean(axis=0)) @ projection
    design = np.column_stack([g, np.ones(len(g))])
    residual = h - design @ np.linalg.lstsq(design, h, rcond=None)[0]
    return 1 - residual.var(axis=0) / h.var(axis=0)


def test_shared_whitening_takes_what_students_can_tell():
    """It is a whitening; its components' explained shares fall and are the largest that any direction has."""
    rng = seeds.stream("tests", "shared")
    f = rng.normal(size=(800, 8)) * np.arange(1, 9)
    g = np.tanh(f[:, 1:6] @ rng.normal(size=(5, 12)) / 6) + 0.1 * rng.normal(size=(800, 12))
    whitening = fit_shared_whitening(f, g, components=4)
    assert np.allclose(np.cov(whitening(f).T, bias=True), np.eye(4), atol=1e-9)
    shares = slow_shares(f, g, whitening.projection)
    assert (np.diff(shares) < 1e-3).all()
    directions = rng.normal(size=(8, 200))
    assert slow_shares(f, g, directions).max() < shares[0] + 1e-3
    assert shares.mean() > slow_shares(f, g, fit_whitening(f, components=4).projection).mean()


@pytest.mark.parametrize("width", [3, 6, 20])
def test_shared_whitening_is_the_generalised_eigenproblem(width):
    """Fewer student features than the teacher's or more, float32 and more rows than a block: the slow way's h."""
    rng = seeds.stream("tests", "generalised", width)
    f = (rng.normal(size=(2500, 9)) * np.arange(1, 10)).astype(np.float32)
    g = (f @ rng.normal(size=(9, width)) + rng.normal(size=(2500, width))).astype(np.float32)
    centred, students = (np.float64(x) - np.float64(x).mean(axis=0) for x in (f, g))
    ridge = 1e-3 * (students**2).mean() * len(g)
    fitted = students @ np.linalg.solve(students.T @ students + ridge * np.eye(width), students.T @ centred)
    _, axes = scipy.linalg.eigh(fitted.T @ fitted, centred.T @ centred / len(f))
    expected = centred @ axes[:, ::-1][:, :3]
    found = fit_shared_whitening(f, g, components=3)(f)
    assert np.allclose(np.abs(found), np.abs(expected), atol=1e-6)


@pytest.mark.parametrize("students", [np.zeros((3, 2)), np.full((50, 2), np.nan), np.zeros(50)])
def test_shared_whitening_refuses_other_samples(students):
    """Students seen on other inputs, or NaN."""
    with pytest.raises(ParameterError):
        fit_shared_whitening(seeds.stream("tests", "bad").normal(size=(50, 4)), students, components=2)


def bad_whitenings():
    """Features that cannot be whitened, by what is wrong."""
    f = seeds.stream("tests", "bad").normal(size=(50, 4))
    holed = f.copy()
    holed[3, 1] = np.nan
    return {
        "too many": (f, 5),
        "none": (f, 0),
        "nan": (holed, 2),
        "flat": (f[:, 0], 1),
        "one": (f[:1], 1),
        "rank": (f * [1, 0, 0, 0], 2),
        "constant": (np.ones((9, 3)), 1),
    }


@pytest.mark.parametrize("name", bad_whitenings())
def test_bad_features_are_refused(name):
    """NaN, too few samples, or more components than the rank."""
    features, components = bad_whitenings()[name]
    with pytest.raises(ParameterError):
        fit_whitening(features, components=components)


@pytest.mark.parametrize("c", [[1, -1], [0] * 12, [1] * 13, [[1] * 12]])
def test_only_codewords_are_signed(c):
    """Another length, another shape or other values than -1 and +1."""
    with pytest.raises(ParameterError):
        signature_matrix(c, rotation=Rotation(key=KEY, length=12), classes=5)


def test_carriers_must_divide():
    """L must be a multiple of C-1."""
    with pytest.raises(ParameterError):
        signature_matrix([1] * 12, rotation=Rotation(key=KEY, length=12), classes=6)
