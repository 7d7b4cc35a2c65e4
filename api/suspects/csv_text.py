"""Answers as comma-separated values: one line for each probe, C numbers or one label, with or without a header."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from api.suspects.errors import AnswersMalformed
from api.suspects.text import decode, looks_like_text

_MARK = b"\xef\xbb\xbf"  # a byte order mark


_LOOK = 200


def begins_like_one(data: bytes) -> bool:
    """Whether the first line, or the one after it, begins with a number in a cell of its own."""
    if not looks_like_text(data):
        return False
    second = data.find(b"\n") + 1
    starts = (data.removeprefix(_MARK)[:_LOOK], data[second : second + _LOOK])
    return any(_number(start.decode(errors="replace").split(",")[0].split("\n")[0]) for start in starts)


def read(data: bytes, *, limit: int) -> NDArray[Any]:
    """The numbers, float64 (n, C), or (n,) when there is one column.

    Args:
        data: the file's bytes.
        limit: the most bytes that parsing may take.

    Raises:
        AnswersError: not UTF-8, too many, lines of different lengths, or cells that are no numbers.
    """
    lines = [line for line in decode(data, limit=limit).splitlines() if line.strip()]
    rows = lines if _numbers(lines[0]) else lines[1:]
    if not rows:
        raise AnswersMalformed("the CSV file holds no line of numbers; write one for each probe")
    try:
        table = np.loadtxt(rows, delimiter=",", comments=None, quotechar='"', ndmin=2)
    except (ValueError, OverflowError) as error:
        raise AnswersMalformed(f"the CSV file cannot be read: {error}; write one line of numbers a probe") from error
    return table[:, 0] if table.shape[1] == 1 else table


def _numbers(line: str) -> bool:
    """Whether all cells of a line are numbers."""
    return all(_number(cell) for cell in line.split(","))


def _number(cell: str) -> bool:
    try:
        float(cell.strip().strip('"'))
    except ValueError:
        return False
    return True
