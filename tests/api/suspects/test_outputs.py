"""Files of answers: what is read, and what is refused before anything is allocated."""

import io
import json
import pickle
import struct
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps
from safetensors.numpy import save as save_safetensors

from api.suspects.errors import (
    AnswersAmbiguous,
    AnswersError,
    AnswersMalformed,
    AnswersTooLarge,
    AnswersUnknownFormat,
    AnswersUnsafe,
    AnswersWrongType,
)
from api.suspects.outputs import FORMATS, read_outputs

LIMIT = 1 << 20


def _npz(**arrays: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def _npy(array) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def _csv(array) -> bytes:
    rows = array if array.ndim > 1 else array[:, None]
    return "".join(",".join(repr(float(value)) for value in row) + "\n" for row in rows).encode()


def _jsonl(array) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in array.astype(float).tolist()).encode()


def _table(array) -> pa.Table:
    columns = array.T if array.ndim > 1 else array[None]
    return pa.table({f"class {at}": np.ascontiguousarray(column) for at, column in enumerate(columns)})


def _parquet(array) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(_table(array), buffer)
    return buffer.getvalue()


def _arrow(array) -> bytes:
    table, buffer = _table(array), io.BytesIO()
    with pa.ipc.new_stream(buffer, table.schema) as stream:
        stream.write_table(table)
    return buffer.getvalue()


WRITERS = {
    "parquet": _parquet,
    "arrow": _arrow,
    "csv": _csv,
    "jsonl": _jsonl,
    "npz": lambda array: _npz(outputs=array),
    "npy": _npy,
    "safetensors": lambda array: save_safetensors({"outputs": np.ascontiguousarray(array)}),
}

ARRAYS = nps.arrays(
    dtype=st.sampled_from(["<f8", "<f4", "<f2", "<i8", "<i4", "|u1"]), shape=nps.array_shapes(max_dims=2, max_side=5)
)


def _bf16(values) -> bytes:
    raw = (np.asarray(values, dtype=np.float32).view(np.uint32) >> 16).astype("<u2").tobytes()
    header = json.dumps({"outputs": {"dtype": "BF16", "shape": [len(values)], "data_offsets": [0, len(raw)]}}).encode()
    return struct.pack("<Q", len(header)) + header + raw


def _tensors(header, body=b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def _archive(entries, method=zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return buffer.getvalue()


def _npy_header(text, body=b"") -> bytes:
    padded = text.encode() + b" " * 20 + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(padded)) + padded + body


HUGE = "{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000, 1000000000), }"


def test_every_format_of_the_table_has_a_writer_here():
    """A new row of the table enters this suite or fails it."""
    assert {form.name for form in FORMATS} == set(WRITERS)


TEXT = {"csv", "jsonl"}
SANDBOXED = {"parquet", "arrow"}  # each reading starts a process: test_tables.py draws their examples without one
HERE = sorted(set(WRITERS) - SANDBOXED)


@pytest.mark.parametrize("form", sorted(SANDBOXED))
@pytest.mark.parametrize("array", [np.arange(6.0).reshape(3, 2), np.arange(4, dtype=np.int64)], ids=["probs", "labels"])
def test_a_table_is_read_in_a_process_of_its_own(form, array):
    """What is written is read, and half of it is one clear error."""
    whole = WRITERS[form](array)
    np.testing.assert_array_equal(read_outputs(whole, limit=LIMIT), array)
    with pytest.raises(AnswersError):
        read_outputs(whole[: len(whole) // 2], limit=LIMIT)


@pytest.mark.parametrize("form", HERE)
@given(array=ARRAYS)
def test_what_is_written_is_read(form, array):
    """Reading gives back the array, in native byte order, for every format."""
    if form in TEXT and array.ndim > 1 and 1 in array.shape:
        array = np.tile(array, (2, 2))  # one line, or one column, of text is read as labels
    read = read_outputs(WRITERS[form](array), limit=LIMIT)
    assert read.shape == array.shape
    assert read.dtype.isnative
    np.testing.assert_array_equal(read, array)


@pytest.mark.parametrize("form", sorted(set(HERE) - TEXT))  # text that ends early may be whole: the probes tell
@given(data=st.data(), array=ARRAYS)
def test_a_truncated_file_is_one_clear_error(form, data, array):
    """Every proper prefix raises AnswersError and nothing else."""
    whole = WRITERS[form](array)
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(AnswersError):
        read_outputs(whole[:cut], limit=LIMIT)


def size_or_refusal(data: bytes) -> int:
    """Bytes of the array that was read, 0 if the file was refused."""
    try:
        return read_outputs(data, limit=LIMIT).nbytes
    except AnswersError:
        return 0


@pytest.mark.filterwarnings("ignore::SyntaxWarning")  # a damaged header may hold a broken literal
@pytest.mark.parametrize("form", HERE)
@given(data=st.data(), array=ARRAYS)
def test_a_damaged_file_never_escapes_the_error_tree(form, data, array):
    """Any changed byte gives an array or an AnswersError, never another exception."""
    damaged = bytearray(WRITERS[form](array))
    at = data.draw(st.integers(0, len(damaged) - 1))
    damaged[at] = data.draw(st.integers(0, 255))
    assert size_or_refusal(bytes(damaged)) <= LIMIT


@given(data=st.binary(max_size=200))
def test_arbitrary_bytes_never_escape_the_error_tree(data):
    """Noise after any magic is refused as an AnswersError, if it is refused."""
    for magic in (
        b"",
        b"[",
        b'{"outputs":',
        b"1,2\n",
        b"a,b\n1,2\n",
        b"PK\x03\x04",
        b"\x93NUMPY\x01\x00",
        b"\x02\0\0\0\0\0\0\0{",
    ):
        assert size_or_refusal(magic + data) <= LIMIT  # a few of these are numbers, and so a file of labels


def test_fortran_order_and_big_endian_are_understood():
    """Order of axes and of bytes are properties of the file, not of the answer."""
    array = np.asfortranarray(np.arange(6, dtype=">f4").reshape(2, 3))
    read = read_outputs(_npz(outputs=array), limit=LIMIT)
    np.testing.assert_array_equal(read, array)
    assert read.dtype == np.dtype("f4")


def test_bfloat16_is_widened():
    """Bfloat16, which numpy lacks, becomes float32 without loss."""
    read = read_outputs(_bf16([1.0, -2.5, 0.15625]), limit=LIMIT)
    assert read.dtype == np.float32
    assert read.tolist() == [1.0, -2.5, 0.15625]


def test_the_array_named_outputs_is_chosen_among_several():
    """A file may hold more than the answers."""
    assert read_outputs(_npz(outputs=np.ones(3), index=np.zeros(9)), limit=LIMIT).shape == (3,)
    both = save_safetensors({"outputs": np.ones(3), "index": np.zeros(9)})
    assert read_outputs(both, limit=LIMIT).shape == (3,)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", AnswersMalformed),
        (b"hello, world", AnswersUnknownFormat),
        (pickle.dumps([1.0]), AnswersUnsafe),
        (_archive([("archive/data.pkl", pickle.dumps([1.0]))]), AnswersUnsafe),
        (_npz(outputs=np.array([{"a": 1}], dtype=object)), AnswersUnsafe),
        (_npz(outputs=np.array(["a", "b"])), AnswersWrongType),
        (_npz(outputs=np.array([1j])), AnswersWrongType),
        (_npz(outputs=np.array([True])), AnswersWrongType),
        (_npz(a=np.ones(1), b=np.ones(1)), AnswersAmbiguous),
        (save_safetensors({"a": np.ones(1), "b": np.ones(1)}), AnswersAmbiguous),
        (_archive([]), AnswersAmbiguous),
        (_tensors({"__metadata__": {"a": "b"}}), AnswersAmbiguous),
        (_npz(outputs=np.zeros((1 << 17) + 1)), AnswersTooLarge),
        (_archive([("outputs.npy", _npy_header(HUGE))]), AnswersTooLarge),
        (_npy_header(HUGE), AnswersTooLarge),
        (_npy_header("{'descr': '<f8', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1), }"), AnswersTooLarge),
        (_npy_header("{'descr': '<f8', 'fortran_order': False, 'shape': (-1, 8), }"), AnswersMalformed),
        (_npy_header("{'descr': '<f8', 'fortran_order': False, 'shape': (True, 8), }"), AnswersMalformed),
        (_npy_header("{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }", b"123456789"), AnswersMalformed),
        (b"\x93NUMPY\x02\x00" + struct.pack("<I", 0xFFFFFFF0), AnswersMalformed),
        (b"\x93NUMPY\x09\x00" + bytes(64), AnswersMalformed),
        (_archive([("outputs.npy", _npy(np.ones(2)))], zipfile.ZIP_BZIP2), AnswersMalformed),
        (_tensors({"outputs": {"dtype": "F8_E4M3", "shape": [1], "data_offsets": [0, 1]}}, b"1"), AnswersWrongType),
        (_tensors({"outputs": {"dtype": "F64", "shape": [1 << 60], "data_offsets": [0, 8]}}), AnswersTooLarge),
        (_tensors({"outputs": {"dtype": "F64", "shape": [-1], "data_offsets": [0, 8]}}), AnswersMalformed),
        (_tensors({"outputs": {"dtype": "F64", "shape": [1.0], "data_offsets": [0, 8]}}), AnswersMalformed),
        (_tensors({"outputs": {"dtype": "F64", "shape": [1], "data_offsets": [8, 16]}}, bytes(8)), AnswersMalformed),
        (_tensors({"outputs": {"dtype": "F64"}}), AnswersMalformed),
        (_tensors(b'{"outputs":{},"outputs":{}}'), AnswersMalformed),
        (_tensors(b'{"a":' * 100_000), AnswersMalformed),
        (struct.pack("<Q", 1 << 62) + b"{}", AnswersTooLarge),
        (struct.pack("<Q", 1000) + b"{}", AnswersMalformed),
    ],
)
def test_what_cannot_be_an_answer_is_refused_by_its_own_error(data, error):
    """Wrong, malformed, unknown, unsafe and too large are different errors."""
    with pytest.raises(error):
        read_outputs(data, limit=LIMIT)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"a,b\n1,2\n3,4\n", [[1, 2], [3, 4]]),
        (b"\xef\xbb\xbf1,2\r\n3,4\r\n", [[1, 2], [3, 4]]),
        (b'"1","2"\n"3","4"', [[1, 2], [3, 4]]),
        (b"label\n2\n0\n1\n", [2, 0, 1]),
        (b"[1, 2]\n[3, 4]\n\n", [[1, 2], [3, 4]]),
        (b"2\n0\n1\n", [2, 0, 1]),
        (b"[2, 0, 1]", [2, 0, 1]),
        (b"[[1, 2],\n [3, 4]]", [[1, 2], [3, 4]]),
        (b'{"outputs": [[1, 2], [3, 4]]}', [[1, 2], [3, 4]]),
        (b'{"outputs": [1, 2]}\n{"outputs": [3, 4]}', [[1, 2], [3, 4]]),
        (b'{"index": 1, "outputs": [3, 4]}\n{"index": 0, "outputs": [1, 2]}', [[1, 2], [3, 4]]),
        (b'[{"index": 1, "outputs": 0}, {"index": 0, "outputs": 5}]', [5, 0]),
    ],
    ids=repr,
)
def test_text_is_read_as_people_write_it(data, expected):
    """Headers, quotes, byte order marks, documents and lines, in order or not."""
    assert read_outputs(data, limit=LIMIT).tolist() == expected


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"1,2\n3\n", AnswersMalformed),
        (b"1,x\n", AnswersMalformed),
        (b"1,2\n3,x\n", AnswersMalformed),
        (b"1,2\n\xff,3\n", AnswersMalformed),
        (b"1," * 40_000, AnswersTooLarge),
        (b"[1, 2]\n[3]", AnswersMalformed),
        (b"[1, 2]\n[3, ", AnswersMalformed),
        (b"[1, null]\n[3, 4]", AnswersWrongType),
        (b"[true, false]\n[3, 4]", AnswersWrongType),
        (b'["1", "2"]\n[3, 4]', AnswersWrongType),
        (b"[[[1]], [[2]]]", AnswersWrongType),
        (b"[[]]", AnswersWrongType),
        (b"[]", AnswersMalformed),
        (b"{}", AnswersMalformed),
        (b'{"a": 1}\n{"a": 2}', AnswersMalformed),
        (b'{"outputs": 1, "outputs": 2}', AnswersMalformed),
        (b'{"index": 0, "outputs": 1}\n{"index": 0, "outputs": 2}', AnswersMalformed),
        (b'{"index": true, "outputs": 1}\n{"index": 0, "outputs": 2}', AnswersMalformed),
        (b"[" * 100_000, AnswersMalformed),
        (b"[1" + b"0" * 400 + b"]\n[2]", AnswersWrongType),
        (b"[1" + b"0" * 5000 + b"]\n[2]", AnswersMalformed),
        (b'[1, 2]\n[3, "\xff"]', AnswersMalformed),
    ],
    ids=lambda value: repr(value[:30]) if isinstance(value, bytes) else value.__name__,
)
def test_text_that_cannot_be_an_answer_is_refused(data, error):
    """Ragged, not numbers, not UTF-8, too deep, too long."""
    with pytest.raises(error):
        read_outputs(data, limit=LIMIT)


def test_a_bomb_is_refused_by_what_it_declares():
    """Megabytes of zeros deflated to kilobytes is refused on its header, whatever the shape says."""
    shape = "{'descr': '|u1', 'fortran_order': False, 'shape': (33554432,), }"
    bomb = _archive([("outputs.npy", _npy_header(shape, bytes(1 << 25)))])
    assert len(bomb) < 1 << 16
    with pytest.raises(AnswersTooLarge):
        read_outputs(bomb, limit=LIMIT)


def test_a_directory_of_very_many_entries_is_refused():
    """The archive's list of entries is bounded before it is parsed."""
    crowd = _archive([(f"{i:0200}.npy", b"") for i in range(400)], zipfile.ZIP_STORED)
    with pytest.raises(AnswersTooLarge):
        read_outputs(crowd, limit=LIMIT)


def test_an_archive_that_claims_zip64_is_refused():
    """The 64-bit end record could override every bound that was checked."""
    whole = _npz(outputs=np.ones(1))
    at = whole.rfind(b"PK\x05\x06")
    locator = b"PK\x06\x07" + struct.pack("<LQL", 0, 0, 1)
    with pytest.raises(AnswersTooLarge):
        read_outputs(whole[:at] + locator + whole[at:], limit=LIMIT)


def test_a_name_listed_twice_is_refused():
    """Two readers could choose differently between two entries of one name."""
    with pytest.warns(UserWarning, match="Duplicate name"):
        twice = _archive([("outputs.npy", _npy(np.ones(1))), ("outputs.npy", _npy(np.zeros(1)))])
    with pytest.raises(AnswersAmbiguous):
        read_outputs(twice, limit=LIMIT)
