"""Columns as one array of answers: C columns of numbers, or one column of labels, or one of lists. In the sandbox only.

Types are checked before any value is read: no text, no dictionaries (a few bytes that stand for gigabytes), no structs.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from api.suspects.errors import AnswersMalformed, AnswersTooLarge, AnswersWrongType
from api.suspects.tensor import ARRAY_NAME

_MOST_COLUMNS = 1 << 16
_VALUE = 8


def wanted(schema: Any) -> list[str]:
    """Names of the columns that hold the answers: `outputs` where there is one, else all of them.

    Raises:
        AnswersWrongType: a column of anything but numbers, or lists of numbers beside other columns.
        AnswersMalformed: no column, or two of one name.
        AnswersTooLarge: more columns than any answer has.
    """
    names = list(schema.names)
    if not names or len(set(names)) != len(names):
        raise AnswersMalformed("the table has no column, or two of one name; write one column for each class")
    if len(names) > _MOST_COLUMNS:
        raise AnswersTooLarge(f"the table has {len(names)} columns; at most {_MOST_COLUMNS} are read")
    chosen = [ARRAY_NAME] if ARRAY_NAME in names else names
    for name in chosen:
        kind = schema.field(name).type
        if _lists(kind) and len(chosen) == 1:
            kind = kind.value_type
        if not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
            raise AnswersWrongType(f"column {name!r} has type {schema.field(name).type}; write numbers, one column"
                                   f" for each class, or one column {ARRAY_NAME!r} of lists")  # fmt: skip
    return chosen


def check(rows: int, columns: int, *, limit: int) -> None:
    """Return if so many numbers may be held.

    Raises:
        AnswersTooLarge: they may not.
    """
    if rows * columns * _VALUE > limit:
        raise AnswersTooLarge(f"the table declares {rows} rows of {columns} numbers; the limit is {limit} bytes. "
                              "Send answers to the case's probes only")  # fmt: skip


def joined(batches: Iterable[Any], names: list[str], *, limit: int) -> NDArray[Any]:
    """The answers, (n, C), or (n,) for one column of plain numbers, batch by batch.

    Raises:
        AnswersTooLarge: more than `limit` bytes of numbers.
        AnswersMalformed: no row, missing values, lists of different lengths.
    """
    parts, rows = [], 0
    for batch in batches:
        part = np.stack([_plain(batch.column(name), name) for name in names], axis=-1)
        part = part[..., 0] if len(names) == 1 else part
        rows += len(part)
        check(rows, int(np.prod(part.shape[1:])) if part.ndim > 1 else 1, limit=limit)
        if len(part):
            parts.append(part)
    if not parts or len({part.shape[1:] for part in parts}) != 1:
        raise AnswersMalformed("the table has no row, or lists of different lengths; write C numbers for each probe")
    return np.concatenate(parts)


def _plain(column: Any, name: str) -> NDArray[Any]:
    if column.null_count:
        raise AnswersMalformed(f"column {name!r} misses {column.null_count} values; every probe has an answer")
    if not _lists(column.type):
        return np.asarray(column.to_numpy(zero_copy_only=False))
    values = column.flatten()
    if values.null_count or len(column) == 0 or len(values) % len(column):
        raise AnswersMalformed(f"column {name!r} holds lists of different lengths, or missing values")
    width = len(values) // len(column)
    lengths = np.asarray(column.value_lengths()) if not pa.types.is_fixed_size_list(column.type) else np.array([width])
    if (lengths != width).any():
        raise AnswersMalformed(f"column {name!r} holds lists of different lengths; write C numbers for each probe")
    return np.asarray(values.to_numpy(zero_copy_only=False)).reshape(len(column), width)


def _lists(kind: Any) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))
