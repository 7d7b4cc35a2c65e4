"""BCH codes: known parameters, galois as a second opinion, small codes exhaustively."""

from itertools import combinations

import galois
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fingerprint.codes import Bch, values_of
from fingerprint.codes.field import CONWAY, field
from fingerprint.errors import ParameterError


@pytest.mark.parametrize(
    ("degree", "t", "k"),
    [(4, 1, 11), (4, 2, 7), (4, 3, 5), (5, 3, 16), (6, 7, 24), (7, 10, 64), (8, 18, 131), (8, 30, 63), (9, 55, 130),
     (10, 115, 208)],
)  # fmt: skip
def test_dimensions_are_the_textbook_ones(degree, t, k):
    """Dimensions as in the tables of Lin and Costello, and k = 208 for (1023, t = 115)."""
    assert Bch(degree=degree, t=t).k == k


@pytest.mark.parametrize(("degree", "t", "k"), [(4, 2, 7), (5, 3, 16), (6, 7, 24), (7, 10, 64)])
def test_galois_agrees(degree, t, k):
    """Same codewords and same decodings as galois for up to t + 2 errors."""
    ours = Bch(degree=degree, t=t)
    prime = galois.GF(2, compile="python-calculate")
    extension = galois.GF(2**degree, compile="python-calculate")
    theirs = galois.BCH(ours.n, k, field=prime, extension_field=extension)
    rng = np.random.default_rng(degree)
    message = rng.integers(0, 2, (20, k), dtype=np.uint8)
    word = ours.encode(message)
    assert np.array_equal(word, np.asarray(theirs.encode(message)))
    for index, row in enumerate(word):
        row[rng.permutation(ours.n)[: index % (ours.t + 3)]] ^= 1
    found = ours.decode(values_of(word))
    decoded, errors = theirs.decode(word, errors=True)
    assert np.array_equal(found.ok, np.asarray(errors) >= 0)
    assert np.array_equal(found.message[found.ok], np.asarray(decoded)[found.ok])


def test_every_word_of_a_small_code_decodes_to_its_nearest_codeword():
    """All 32,768 words of length 15: BCH(15, 7, 2) corrects exactly those within 2 bits of a codeword."""
    code = Bch(degree=4, t=2)
    messages = (np.arange(128)[:, None] >> np.arange(6, -1, -1) & 1).astype(np.uint8)
    words = (np.arange(1 << 15)[:, None] >> np.arange(14, -1, -1) & 1).astype(np.uint8)
    distance = (words[:, None].astype(np.int8) != code.encode(messages)[None]).sum(axis=2)
    found = code.decode(values_of(words))
    assert np.array_equal(found.ok, distance.min(axis=1) <= 2)
    assert np.array_equal(found.message[found.ok], messages[distance.argmin(axis=1)][found.ok])
    assert not found.values[~found.ok].any()


def test_every_error_pattern_of_a_shortened_code_is_corrected():
    """All patterns of at most 3 errors of BCH(31, 16, 3) shortened to (21, 6)."""
    code = Bch(degree=5, t=3, shortened=10)
    assert (code.n, code.k) == (21, 6)
    patterns = [p for weight in range(4) for p in combinations(range(21), weight)]
    message = np.random.default_rng(1).integers(0, 2, (len(patterns), 6), dtype=np.uint8)
    word = code.encode(message)
    for row, positions in zip(word, patterns, strict=True):
        row[list(positions)] ^= 1
    found = code.decode(values_of(word))
    assert found.ok.all()
    assert np.array_equal(found.message, message)


@settings(max_examples=20)
@given(st.integers(0, 2**32), st.sampled_from([(7, 10, 0), (7, 10, 30), (9, 20, 100)]))
def test_accepted_words_are_within_t_of_a_codeword(seed, shape):
    """Whatever comes in, an accepted answer re-encodes to within t bits of the received word."""
    degree, t, shortened = shape
    code = Bch(degree=degree, t=t, shortened=shortened)
    rng = np.random.default_rng(seed)
    message = rng.integers(0, 2, (30, code.k), dtype=np.uint8)
    word = code.encode(message)
    for row in word:
        row[rng.permutation(code.n)[: rng.integers(t, t + 4)]] ^= 1
    found = code.decode(values_of(word))
    distance = (code.encode(found.message) != word).sum(axis=1)
    assert (distance[found.ok] <= t).all()
    assert (distance[~found.ok] > 0).all()


@pytest.mark.parametrize("degree", [3, 8, 12])
def test_fields_are_galois_fields(degree):
    """Products and inverses as in galois, with 0 absorbing."""
    gf, theirs = field(degree), galois.GF(2**degree, compile="python-calculate")
    rng = np.random.default_rng(1)
    a, b = rng.integers(0, 2**degree, (2, 300), dtype=np.uint16)
    a[0] = 0
    assert np.array_equal(gf.multiply(a, b), np.asarray(theirs(a) * theirs(b)))
    inverse = gf.invert(a)
    assert (gf.multiply(a, inverse)[a != 0] == 1).all()
    assert inverse[0] == 0


def test_clean_words_need_no_locator():
    """A batch of codewords decodes to itself without any search."""
    code = Bch(degree=7, t=10)
    message = np.eye(64, dtype=np.uint8)
    found = code.decode(values_of(code.encode(message)))
    assert found.ok.all()
    assert np.array_equal(found.message, message)


def test_polynomials_are_conways():
    """The table holds Conway polynomials."""
    assert {degree: int(galois.conway_poly(2, degree)) for degree in CONWAY} == CONWAY


@pytest.mark.parametrize(
    "fields", [{"degree": 2, "t": 1}, {"degree": 13, "t": 1}, {"degree": 4, "t": 0}, {"degree": 4, "t": 8},
               {"degree": 4, "t": 2, "shortened": 7}, {"degree": 4, "t": 2, "shortened": -1}]
)  # fmt: skip
def test_impossible_codes_are_refused(fields):
    """Fields without a table, no errors, too many errors, nothing left after shortening."""
    with pytest.raises(ParameterError):
        Bch(**fields)
