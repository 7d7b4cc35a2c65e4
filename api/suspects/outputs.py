"""A suspect's answers as a file: bytes in, one array out. The format is told by its content, never by its name."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from api.suspects import csv_text, json_lines, npy, npz, safetensors
from api.suspects.errors import AnswersMalformed, AnswersUnknownFormat, AnswersUnsafe, ModelError, ModelUnsafe
from api.suspects.models import foreign
from api.suspects.tables import read as tables


class Reader(Protocol):
    """Reads one format."""

    def __call__(self, data: bytes, *, limit: int) -> NDArray[Any]:
        """The array of answers; raises `AnswersError` before it allocates more than `limit` bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One row of the table of formats.

    Attributes:
        name: as users call it.
        begins: whether bytes begin like this format.
        read: its reader.
    """

    name: str
    begins: Callable[[bytes], bool]
    read: Reader


FORMATS = (
    Format(name="jsonl", begins=json_lines.begins_like_one, read=json_lines.read),
    Format(name="csv", begins=csv_text.begins_like_one, read=csv_text.read),
    Format(name="npz", begins=lambda data: data.startswith(npz.MAGIC), read=npz.read),
    Format(name="npy", begins=lambda data: data.startswith(npy.MAGIC), read=npy.read),
    Format(name="safetensors", begins=safetensors.begins_like_one, read=safetensors.read),
    Format(name="parquet", begins=lambda data: data.startswith(tables.PARQUET), read=tables.parquet),
    Format(name="arrow", begins=tables.begins_like_arrow, read=tables.arrow),
)
"""A new format is one new file and one row here; the conformance suite runs over every row."""


def read_outputs(data: bytes, *, limit: int) -> NDArray[Any]:
    """The array of answers in a file of any of the formats.

    Args:
        data: the file's bytes.
        limit: the most bytes that the array may occupy in memory.

    Returns:
        Real or integer numbers in native byte order; shape and values are checked later, by `fingerprint.observation`.

    Raises:
        AnswersError: empty, truncated, unknown, ambiguous, too large, unsafe or of a wrong type.
    """
    if not data:
        raise AnswersMalformed(
            "the body is empty; send the answers as npz, npy, safetensors, Parquet, Arrow, CSV or JSON lines"
        )
    for form in FORMATS:
        if form.begins(data):
            return form.read(data, limit=limit)
    try:
        foreign.refuse(data, frozenset())
    except ModelUnsafe as error:
        raise AnswersUnsafe(str(error)) from error
    except ModelError as error:
        raise AnswersUnknownFormat(str(error)) from error
    known = ", ".join(form.name for form in FORMATS)
    raise AnswersUnknownFormat(f"the bytes begin like none of the formats {known}; "
                               "send numpy.savez('outputs.npz', outputs=array)")  # fmt: skip


def write_outputs(answers: NDArray[Any]) -> bytes:
    """The npz file that holds the answers as the array `outputs`.

    Law: `read_outputs(write_outputs(a), limit=a.nbytes) == a` for arrays of numbers.

    Example:
        >>> read_outputs(write_outputs(np.array([2, 0, 1])), limit=100).tolist()
        [2, 0, 1]
    """
    buffer = io.BytesIO()
    np.savez_compressed(buffer, outputs=answers)
    return buffer.getvalue()
