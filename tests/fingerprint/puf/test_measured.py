"""Measured files: right shapes, and every malformed one told by file, row and reason."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fingerprint.errors import MeasurementMalformed
from fingerprint.puf import measured


@given(st.integers(1, 6), st.integers(1, 5), st.booleans(), st.integers(0, 2**32))
def test_csv_round_trip(oscillators, samples, trailing, seed):
    """What is written as rows of oscillators comes back as (samples, oscillators), trailing commas or not."""
    values = np.random.default_rng(seed).integers(1, 10**9, (samples, oscillators))
    end = "," if trailing else ""
    text = "\n".join(",".join(map(str, row)) + end for row in values.T)
    assert np.array_equal(measured.parse_frequencies(text.encode(), name="a.csv"), values)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "a.csv: no row"),
        (b"1,2\n3\n", "a.csv, row 2: 1 samples, row 1 has 2"),
        (b"1,2\n\n3,4\n", "a.csv, row 2: could not convert"),
        (b"1,x\n", "a.csv, row 1: could not convert string to float: 'x'"),
        (b"1,,2\n", "a.csv, row 1: could not convert"),
        (b"1,nan\n", "a.csv, row 1: a frequency must be a positive finite number"),
        (b"1,2\n0,3\n", "a.csv, row 2: a frequency must be"),
        (b"1,2\n-4,3\n", "a.csv, row 2: a frequency must be"),
        (b"1,1e999\n", "a.csv, row 1: a frequency must be"),
        (b"\xff\xfe1", "a.csv: not a CSV file of numbers: byte 0"),
    ],
)
def test_malformed_csv_names_file_row_and_reason(data, reason):
    """One fault per file, each with its own message."""
    with pytest.raises(MeasurementMalformed, match=reason):
        measured.parse_frequencies(data, name="a.csv")


def test_populations():
    """Chips stack in order; chips of another shape are told by name, and so is an empty population."""
    found = measured.frequencies({"b": b"1,2\n3,4\n", "a": b"5,6\n7,8\n"})
    assert found.tolist() == [[[1, 3], [2, 4]], [[5, 7], [6, 8]]]
    with pytest.raises(MeasurementMalformed, match=r"a: shape \(samples, oscillators\) \(1, 2\), b has \(2, 2\)"):
        measured.frequencies({"b": b"1,2\n3,4\n", "a": b"1\n2\n"})
    with pytest.raises(MeasurementMalformed, match="no file"):
        measured.frequencies({})


def test_dumps():
    """Power-ups stack per chip and chips over all; empty files and other sizes are told by name."""
    found = measured.dumps({"x": {"1": b"\x80", "2": b"\x01"}, "y": {"1": b"\xff", "2": b"\x00"}})
    assert found.shape == (2, 2, 8)
    assert found[0, 0].tolist() == [1, 0, 0, 0, 0, 0, 0, 0]
    assert found[1].sum(axis=1).tolist() == [8, 0]
    with pytest.raises(MeasurementMalformed, match="x/2: an empty dump"):
        measured.dumps({"x": {"1": b"\x80", "2": b""}})
    with pytest.raises(MeasurementMalformed, match=r"x/2: shape \(cells,\) \(16,\), x/1 has \(8,\)"):
        measured.dumps({"x": {"1": b"\x80", "2": b"\x80\x00"}})
    with pytest.raises(MeasurementMalformed, match=r"y: shape \(power-ups, cells\)"):
        measured.dumps({"x": {"1": b"\x80", "2": b"\x01"}, "y": {"1": b"\xff"}})
    with pytest.raises(MeasurementMalformed, match="x: no file"):
        measured.dumps({"x": {}})
