"""Answers as JSON: one line for each probe, or one document.

A line is a list of C numbers, a label, or an object with `outputs` (either of them) and, if lines are out of order,
`index`, counted from 0. A document is a list of such lines, or an object with `outputs`.
"""

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from api.suspects.errors import AnswersMalformed, AnswersWrongType
from api.suspects.tensor import ARRAY_NAME
from api.suspects.text import decode, looks_like_text

_INDEX = "index"
_DAMAGE = (ValueError, RecursionError)


def begins_like_one(data: bytes) -> bool:
    """Whether it is text that begins with an object or a list."""
    return looks_like_text(data) and data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")


def document(data: bytes) -> Any:
    """The one JSON value of the text, or None where it is none: several lines, or no JSON."""
    try:
        return json.loads(data)
    except _DAMAGE:
        return None


def read(data: bytes, *, limit: int) -> NDArray[Any]:
    """The numbers, float64 (n, C) or (n,).

    Args:
        data: the file's bytes.
        limit: the most bytes that parsing may take.

    Raises:
        AnswersError: not UTF-8, too many, no JSON, or lines that are no answers.
    """
    try:
        rows = _rows(decode(data, limit=limit))
    except _DAMAGE as error:
        raise AnswersMalformed(f"not JSON: {error}; write one list of numbers a line") from error
    values = [_numbers(row) for row in _in_order(rows)]
    if len({value.shape for value in values}) != 1:
        raise AnswersMalformed(
            "no answers, or answers of different lengths; write one list of C numbers for each probe"
        )
    return np.stack(values)


def _rows(text: str) -> list[Any]:
    """One value for each probe: the lines, or the items of the document."""
    lines = [line for line in text.split("\n") if line.strip()]
    if len(lines) > 1 and _parses(lines[0]):
        return [json.loads(line, object_pairs_hook=_unique) for line in lines]
    document = json.loads(text, object_pairs_hook=_unique)
    rows = document.get(ARRAY_NAME) if isinstance(document, dict) else document
    if not isinstance(rows, list):
        raise AnswersMalformed(f"the document is neither a list nor an object with {ARRAY_NAME!r}")
    return rows


def _parses(line: str) -> bool:
    """Whether a line is JSON by itself; the first line of an indented document is not."""
    try:
        json.loads(line)
    except _DAMAGE:
        return False
    return True


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object without repeated names: readers disagree about which of two counts."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice in an object")
    return found


def _in_order(rows: list[Any]) -> list[Any]:
    """The answers themselves, by `index` where there is one."""
    if not all(isinstance(row, dict) for row in rows):
        return rows
    indices = [row.get(_INDEX, at) for at, row in enumerate(rows)]
    if any(type(index) is not int for index in indices) or sorted(indices) != list(range(len(rows))):
        raise AnswersMalformed("`index` must count the probes from 0, each one once")
    if any(ARRAY_NAME not in row for row in rows):
        raise AnswersMalformed(f"a line is an object without {ARRAY_NAME!r}; write the answer there")
    return [row[ARRAY_NAME] for _, row in sorted(zip(indices, rows, strict=True), key=lambda pair: pair[0])]


def _numbers(row: Any) -> NDArray[np.float64]:
    """One answer as numbers, (C,) or ()."""
    items = row if isinstance(row, list) else [row]
    if not items or any(type(item) not in (int, float) for item in items):
        raise AnswersWrongType("an answer holds something other than numbers; write a list of C numbers, or a label")
    try:
        return np.asarray(row, dtype=np.float64)
    except OverflowError as error:
        raise AnswersWrongType("an answer holds an integer beyond every floating-point number") from error
