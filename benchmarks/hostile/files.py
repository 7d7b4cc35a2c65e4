"""Hostile files of answers: bombs, lies about sizes, truncation, foreign types, values that are no answers."""

import io
import json
import struct
import warnings
import zipfile
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from benchmarks.hostile.case import Hostile, answers
from benchmarks.hostile.world import CLASSES, PROBES

GOOD = np.random.default_rng(7).normal(size=(PROBES, CLASSES))
_LARGE = ("too-large", "limit")
_BAD = ("malformed", "wrong-type", "ambiguous", "unsafe", "too-large", "unknown-format", "unusable")


def _npz(**arrays: NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def _npy(array: NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def archive(entries: list[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive, entries of one name included."""
    buffer = io.BytesIO()
    with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(buffer, "w", method) as made:
        for name, data in entries:
            made.writestr(name, data)
    return buffer.getvalue()


def _header(text: str, body: bytes = b"", version: bytes = b"\x01\x00") -> bytes:
    padded = text.encode("latin-1") + b" " * 20 + b"\n"
    size = struct.pack("<H" if version == b"\x01\x00" else "<I", len(padded))
    return b"\x93NUMPY" + version + size + padded + body


def _shape(shape: str, descr: str = "'<f8'") -> str:
    return f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}"


def tensors(header: Any, body: bytes = b"") -> bytes:
    """A safetensors file with any header."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def _cut(data: bytes, adapter: str, *names: str) -> Iterator[Hostile]:
    for part in (0.1, 0.5, 0.95):
        yield answers(adapter, f"cut at {part:.0%}", data[: int(part * len(data))], *names)


def headers() -> Iterator[tuple[str, bytes, tuple[str, ...]]]:
    """Hostile .npy files; the same lie is told alone and within an archive."""
    for shape in (
        "(1000000000, 1000000000)",
        "(1 << 70,)",
        "(400, 99999999999)",
        "(2147483647, 2147483647, 2147483647)",
        "(" + "1," * 40 + ")",
    ):
        yield f"shape {shape[:30]}", _header(_shape(shape)), (*_LARGE, "malformed")
    for shape in (
        "(-1, 6)",
        "(True, 6)",
        "('400', 6)",
        "(4.5,)",
        "[400, 6]",
        "None",
        "()" * 4000,
        "(" * 4000,
        "9" * 9000,
    ):
        yield f"shape {shape[:30]}", _header(_shape(shape)), _BAD
    for descr in (
        "'|O'",
        "'<U9'",
        "'<c16'",
        "'|V8'",
        "'<M8[s]'",
        "'|b1'",
        "[('a', '<f8')]",
        "'<f8' * 10**9",
        "print(1)",
    ):
        yield f"type {descr}", _header(_shape("(400, 6)", descr), bytes(400)), _BAD
    yield "header of gigabytes", b"\x93NUMPY\x02\x00" + struct.pack("<I", 0xFFFFFFF0), _BAD
    yield "version 9", b"\x93NUMPY\x09\x00" + bytes(80), _BAD
    yield "too few bytes", _header(_shape("(400, 6)"), bytes(100)), _BAD
    yield "too many bytes", _header(_shape("(400, 6)"), bytes(400 * 6 * 8 + 1)), _BAD


def archives() -> Iterator[Hostile]:
    """Hostile .npz files."""
    zeros = bytes(1 << 26)
    yield answers("npz", "bomb of 64 MB", archive([("outputs.npy", _header(_shape("(8388608,)"), zeros))]), *_LARGE)
    yield answers(
        "npz", "bomb beside a small shape", archive([("outputs.npy", _header(_shape("(400, 6)"), zeros))]), *_BAD
    )
    inner = archive([(f"{i}.npy", bytes(1 << 22)) for i in range(8)])
    yield answers("npz", "archives within archives", archive([("outputs.npy", inner)]), *_BAD)
    yield answers("npz", "10,000 entries", archive([(f"{i}.npy", b"") for i in range(10_000)]), *_LARGE)
    good = _npy(GOOD)
    for method, name in ((zipfile.ZIP_BZIP2, "bzip2"), (zipfile.ZIP_LZMA, "LZMA")):
        yield answers("npz", f"packed with {name}", archive([("outputs.npy", good)], method), *_BAD)
    yield answers("npz", "one name twice", archive([("outputs.npy", good)] * 2), *_BAD)
    yield answers("npz", "no array", archive([("readme.txt", b"x")]), *_BAD)
    yield answers("npz", "path out of the archive", archive([("../../outputs.npy", good), ("/etc/x.npy", good)]), *_BAD)
    yield answers("npz", "a pickle inside", archive([("archive/data.pkl", b"cos\nsystem\n(S'true'\ntR.")]), "unsafe")
    yield answers("npz", "objects", archive([("outputs.npy", _header(_shape("(1,)", "'|O'"), b"\x80\x04."))]), "unsafe")
    whole = bytearray(_npz(outputs=GOOD))
    at = whole.rfind(b"PK\x05\x06")
    for name, data in (
        ("64-bit end record", whole[:at] + b"PK\x06\x07" + struct.pack("<LQL", 0, 0, 1) + whole[at:]),
        ("directory size of 4 GB", whole[: at + 12] + b"\xff\xff\xff\xff" + whole[at + 16 :]),
        ("directory beyond the end", whole[: at + 16] + b"\xff\xff\xff\x7f" + whole[at + 20 :]),
        ("encrypted", _encrypted(whole)),
        ("damaged in the middle", whole[:200] + b"\xff" * 64 + whole[264:]),
    ):
        yield answers("npz", name, bytes(data), *_BAD)
    yield from _cut(bytes(whole), "npz", *_BAD)
    for name, data, names in headers():
        yield answers("npy", name, data, *names)
        yield answers("npz", f"{name}, packed", archive([("outputs.npy", data)]), *names, "malformed")
    yield from _cut(good, "npy", *_BAD)


def _encrypted(whole: bytearray) -> bytes:
    marked = bytearray(whole)
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        marked[marked.find(mark) + offset] |= 1
    return bytes(marked)


def _one(**changes: Any) -> bytes:
    entry = {"dtype": "F64", "shape": [1], "data_offsets": [0, 8], **changes}
    return tensors({"outputs": {name: value for name, value in entry.items() if value is not None}}, bytes(8))


def safetensors() -> Iterator[Hostile]:
    """Hostile safetensors files of answers."""
    lies = {
        "shape of exabytes": _one(shape=[1 << 60]),
        "shape that overflows": _one(shape=[1 << 32, 1 << 32, 1 << 32]),
        "negative shape": _one(shape=[-1]),
        "shape of fractions": _one(shape=[1.0]),
        "shape of truth values": _one(shape=[True]),
        "no shape": _one(shape=None),
        "unknown type": _one(dtype="F8_E4M3"),
        "no type": _one(dtype=None),
        "offsets beyond the end": _one(data_offsets=[8, 16]),
        "offsets backwards": _one(data_offsets=[8, 0]),
        "negative offsets": _one(data_offsets=[-8, 0]),
        "offsets of another size": _one(data_offsets=[0, 4]),
        "one name twice": tensors(b'{"outputs":{},"outputs":{}}'),
        "header of exabytes": struct.pack("<Q", 1 << 62) + b"{}",
        "header beyond the end": struct.pack("<Q", 1000) + b"{}",
        "deep header": tensors(b'{"a":' * 100_000),
        "header not UTF-8": tensors(b'{"\xff\xfe": 1}'),
        "header that is a list": tensors(b"{" + b" " * 8),
        "no tensor": tensors({"__metadata__": {"a": "b"}}),
        "nine axes": _one(shape=[1] * 9),
    }
    for name, data in lies.items():
        yield answers("safetensors", name, data, *_BAD)
    yield from _cut(save({"outputs": GOOD}), "safetensors", *_BAD)


def texts() -> Iterator[Hostile]:
    """Hostile CSV and JSON."""
    rows = "\n".join(",".join(map(repr, row)) for row in GOOD.tolist())
    comma = {
        "not UTF-8": b"1,2\n\xff\xfe,3\n",
        "lines of different lengths": b"1,2\n3\n",
        "text": b"1,2\n3,x\n",
        "a formula": b"1,2\n=cmd|'/c calc'!A1,3\n",
        "numbers without end": b"1," * 4_000_000,
        "NUL bytes": b"1,2\n\x00,3\n",
        "a number of 100,000 digits": b"1,2\n" + b"9" * 100_000 + b",3\n",
        "only a header": b"a,b,c\n",
        "cut": rows.encode()[: len(rows) // 2],
    }
    for name, data in comma.items():
        yield answers("csv", name, data, *_BAD, "wrong-shape", "count", "not-finite")
    lines = {
        "not UTF-8": b'[1, 2]\n[3, "\xff"]',
        "200,000 deep": b"[" * 200_000,
        "200,000 deep in an object": b'{"outputs":' * 200_000,
        "an integer of 5,000 digits": b"[1" + b"0" * 5000 + b"]\n[2]",
        "an integer beyond floats": b"[1" + b"0" * 400 + b"]\n[2]",
        "lines of different lengths": b"[1, 2]\n[3]",
        "cut": b"[1, 2]\n[3, ",
        "null": b"[1, null]\n[3, 4]",
        "truth values": b"[true, false]\n[3, 4]",
        "texts": b'["1", "2"]\n[3, 4]',
        "nested": b"[[[1]], [[2]]]",
        "empty": b"[]",
        "an object without outputs": b'{"a": 1}',
        "a name twice": b'{"outputs": 1, "outputs": 2}',
        "an index twice": b'{"index": 0, "outputs": 1}\n{"index": 0, "outputs": 2}',
        "numbers without end": b"[" + b"1," * 4_000_000 + b"1]",
        "surrogates": b'["\\ud800"]\n["\\udfff"]',
    }
    for name, data in lines.items():
        yield answers("json", name, data, *_BAD)


def values() -> Iterator[Hostile]:
    """Files that are whole and hold no answers."""
    holes, ends = GOOD.copy(), GOOD.copy()
    holes[7, 2], ends[9, 1] = np.nan, np.inf
    rows = np.abs(GOOD) / np.abs(GOOD).sum(axis=1, keepdims=True)
    for name, array, kind in (
        ("NaN", holes, "logits"),
        ("infinity", ends, "logits"),
        ("all the same", np.ones((PROBES, CLASSES)), "logits"),
        ("too few", GOOD[:-1], "logits"),
        ("too many classes", np.ones((PROBES, CLASSES + 1)), "logits"),
        ("one class", GOOD[:, :1], "logits"),
        ("negative probabilities", -rows, "probs"),
        ("sums of two", 2 * rows, "probs"),
        ("probabilities as logarithms", rows, "logprobs"),
        ("a silent row", rows * (np.arange(PROBES) > 0)[:, None], "top_k"),
        ("labels beyond the classes", np.full(PROBES, CLASSES), "labels"),
        ("negative labels", np.arange(PROBES) - 9, "labels"),
        ("labels of fractions", np.linspace(0, 1, PROBES), "labels"),
        ("a table of labels", GOOD, "labels"),
    ):
        yield answers(
            "values",
            name,
            _npz(outputs=array),
            "not-finite",
            "constant-outputs",
            "wrong-shape",
            "count-mismatch",
            "not-probabilities",
            "label-out-of-range",
            kind=kind,
        )


def _stream() -> Iterator[bytes]:
    """More than the service takes, in pieces."""
    while True:
        yield bytes(1 << 16)


def uploads() -> Iterator[Hostile]:
    """Bodies rather than files."""
    yield answers("upload", "empty", b"", "malformed")
    yield answers("upload", "noise", np.random.default_rng(1).bytes(4096), "unknown-format")
    yield answers("upload", "zeros", bytes(4096), "unknown-format", "malformed")
    yield answers("upload", "larger than the limit", bytes((8 << 20) + 1), "body-too-large")
    yield answers("upload", "a stream without end", _stream(), "body-too-large")


def every() -> list[Hostile]:
    """All of them."""
    return [*uploads(), *archives(), *safetensors(), *texts(), *values()]
