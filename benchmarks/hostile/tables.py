"""Hostile Parquet and Arrow files of answers."""

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.hostile.case import Hostile, answers
from benchmarks.hostile.files import GOOD

_BAD = ("malformed", "wrong-type", "too-large")


def _parquet(table: Any, **options: Any) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer, **options)
    return buffer.getvalue()


def _stream(table: Any, **options: Any) -> bytes:
    buffer = io.BytesIO()
    with pa.ipc.new_stream(buffer, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as stream:
        stream.write_table(table)
    return buffer.getvalue()


def _file(table: Any, **options: Any) -> bytes:
    buffer = io.BytesIO()
    with pa.ipc.new_file(buffer, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as stream:
        stream.write_table(table)
    return buffer.getvalue()


def every() -> Iterator[Hostile]:
    """Bombs, types that are no numbers, ragged lists, missing values, damage."""
    zeros = pa.table({"a": np.zeros(1 << 23)})
    words = pa.table({"a": pa.array(["x" * 1000] * 2000).dictionary_encode()})
    wide = pa.table({f"c{i}": [0.0] for i in range(2000)})
    tables = {
        "text": pa.table({"a": ["x"]}),
        "a dictionary of texts": words,
        "structs": pa.table({"a": [{"b": 1.0}]}),
        "lists of lists of texts": pa.table({"a": [[["x"]]]}),
        "ragged lists": pa.table({"outputs": [[1.0], [2.0, 3.0]]}),
        "missing values": pa.table({"a": [1.0, None]}),
        "no row": pa.table({"a": pa.array([], pa.float64())}),
    }
    good = pa.table({f"c{at}": np.ascontiguousarray(column) for at, column in enumerate(GOOD.T)})
    for adapter, write in (("parquet", _parquet), ("arrow", _stream)):
        for name, table in tables.items():
            yield answers(adapter, name, write(table), *_BAD)
        yield answers(adapter, "a bomb of 64 MB", write(zeros, compression="zstd"), "too-large")
        whole = write(good)
        for part in (0.1, 0.5, 0.95):
            yield answers(adapter, f"cut at {part:.0%}", whole[: int(part * len(whole))], *_BAD)
        damaged = bytearray(whole)
        damaged[len(whole) // 3 : len(whole) // 3 + 4096] = b"\xff" * 4096
        damaged[-60:-8] = b"\xff" * 52
        yield answers(adapter, "damaged", bytes(damaged), *_BAD, "not-finite", "wrong-shape", "count-mismatch")
    yield answers("parquet", "2,000 columns", _parquet(wide), *_BAD, "wrong-shape")
    yield answers("parquet", "a footer of 2 GB", b"PAR1" + bytes(64) + b"\xff\xff\xff\x7fPAR1", *_BAD)
    yield answers("parquet", "rows that are one run", _parquet(pa.table({"a": np.zeros(1 << 24)})), "too-large")
    yield answers("arrow", "a file's bomb", _file(zeros, compression="lz4"), "too-large")
    yield answers("arrow", "a schema of 2 GB", b"\xff\xff\xff\xff\xff\xff\xff\x7f" + bytes(64), *_BAD)
    yield answers("arrow", "a negative size", b"\xff\xff\xff\xff\xff\xff\xff\xff" + bytes(64), *_BAD)
