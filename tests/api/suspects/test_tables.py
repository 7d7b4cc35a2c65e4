"""Parquet and Arrow: what is read, and what is refused before it is unpacked."""

import contextlib
import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from api.suspects.errors import AnswersError, AnswersFormatMissing, AnswersMalformed, AnswersTooLarge, AnswersWrongType
from api.suspects.sandbox import host
from api.suspects.tables import arrow_ipc, parquet, read

LIMIT = 1 << 20
ARRAYS = nps.arrays(
    dtype=st.sampled_from(["<f8", "<f4", "<i8", "<i4", "|u1"]),
    shape=nps.array_shapes(min_dims=2, max_dims=2, max_side=5),
)


def _parquet(table, **options: object) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer, **options)
    return buffer.getvalue()


def _stream(table, **options: object) -> bytes:
    buffer = io.BytesIO()
    with pa.ipc.new_stream(buffer, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as stream:
        stream.write_table(table)
    return buffer.getvalue()


def _file(table, **options: object) -> bytes:
    buffer = io.BytesIO()
    with pa.ipc.new_file(buffer, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as stream:
        stream.write_table(table)
    return buffer.getvalue()


FORMS = {"parquet": (_parquet, parquet.run), "stream": (_stream, arrow_ipc.run), "file": (_file, arrow_ipc.run)}


def _columns(array) -> pa.Table:
    return pa.table({f"c{at}": np.ascontiguousarray(column) for at, column in enumerate(array.T)})


def _read(form, table, limit=LIMIT) -> np.ndarray:
    write, run = FORMS[form]
    return run(write(table), None, {"limit": limit})[0]


@pytest.mark.parametrize("form", FORMS)
@given(array=ARRAYS)
def test_columns_and_lists_are_read_alike(form, array):
    """One column for each class, or one column of lists, is the same array; one column of numbers is labels."""
    expected = array[:, 0] if array.shape[1] == 1 else array
    np.testing.assert_array_equal(_read(form, _columns(array)), expected)
    lists = pa.table({"outputs": pa.array(array.tolist()), "note": ["x"] * len(array)})
    np.testing.assert_array_equal(_read(form, lists), array)
    fixed = pa.FixedSizeListArray.from_arrays(pa.array(array.ravel()), array.shape[1])
    np.testing.assert_array_equal(_read(form, pa.table({"outputs": fixed})), array)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("columns", "error"),
    [
        ({"a": ["x"]}, AnswersWrongType),
        ({"a": pa.array(["x"]).dictionary_encode()}, AnswersWrongType),
        ({"a": [{"b": 1.0}]}, AnswersWrongType),
        ({"a": [True]}, AnswersWrongType),
        ({"a": [[1.0]], "b": [[2.0]]}, AnswersWrongType),
        ({"a": [[["x"]]]}, AnswersWrongType),
        ({"a": [1.0, None]}, AnswersMalformed),
        ({"a": [[1.0], [2.0, 3.0]]}, AnswersMalformed),
        ({"a": [[1.0], [2.0, 3.0, 4.0]]}, AnswersMalformed),
        ({"a": [[1.0], [None]]}, AnswersMalformed),
        ({"a": [[1.0], None]}, AnswersMalformed),
        ({"a": pa.array([], pa.float64())}, AnswersMalformed),
        ({"a": np.zeros((LIMIT >> 3) + 1)}, AnswersTooLarge),
    ],
)
def test_what_cannot_be_an_answer_is_refused(form, columns, error):
    """Text, dictionaries, structs, missing values, ragged lists, nothing, too much."""
    with pytest.raises(error):
        _read(form, pa.table(columns))


@pytest.mark.parametrize("form", ["stream", "file"])
def test_a_dictionary_of_numbers_is_refused(form):
    """A few bytes that stand for gigabytes; Parquet has plain numbers there, and counts them."""
    with pytest.raises(AnswersWrongType, match="dictionary"):
        _read(form, pa.table({"a": pa.array([1.0]).dictionary_encode()}))


def test_two_columns_of_one_name_are_refused():
    """Nobody could say which of the two is meant."""
    table = pa.table([pa.array([1.0]), pa.array([2.0])], names=["a", "a"])
    with pytest.raises(AnswersMalformed, match="one name"):
        _read("stream", table)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("packing", ["zstd", "lz4"])
def test_a_bomb_is_refused(form, packing):
    """Kilobytes that unpack to many megabytes."""
    bomb = FORMS[form][0](pa.table({"a": np.zeros(1 << 22)}), compression=packing)
    assert len(bomb) < LIMIT
    with pytest.raises(AnswersTooLarge):
        FORMS[form][1](bomb, None, {"limit": LIMIT})


@pytest.mark.parametrize("form", ["parquet", "stream"])
@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_a_damaged_file_never_escapes_the_error_tree(form, part):
    """Overwritten bytes give an array or an AnswersError; if the reader dies of them, only its process does."""
    data = bytearray(FORMS[form][0](_columns(np.arange(6.0).reshape(3, 2))))
    at = int(part * len(data))
    data[at : at + 8] = b"\xff" * 8
    found = None
    with contextlib.suppress(AnswersError):
        found = (read.parquet if form == "parquet" else read.arrow)(bytes(data), limit=LIMIT)
    assert found is None or found.shape == (3, 2)


@pytest.mark.parametrize(
    ("cause", "error"), [("missing", AnswersFormatMissing), ("memory", AnswersTooLarge), ("time", AnswersTooLarge),
                         ("failed", AnswersMalformed)],
)  # fmt: skip
def test_why_a_reader_stopped_is_said(cause, error):
    """A library that is missing, too much memory or time, a reader that died: four things, each with a way out."""
    assert isinstance(read.said("parquet", host.Stopped(cause, "pyarrow"), 1 << 30), error)
