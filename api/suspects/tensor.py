"""What a file says about one array, checked before a byte of that array is allocated."""

import math
from dataclasses import dataclass

import numpy as np

from api.suspects.errors import AnswersAmbiguous, AnswersTooLarge, AnswersUnsafe, AnswersWrongType

ARRAY_NAME = "outputs"
"""The array that is read when a file holds several."""

MAX_AXES = 8
_NUMBERS = "fiu"
_LISTED = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """Type and shape that a file declares for the array `name`.

    Attributes:
        name: of the array in its file.
        dtype: numpy type of one value.
        shape: number of values along each axis.
    """

    name: str
    dtype: np.dtype
    shape: tuple[int, ...]

    @property
    def bytes(self) -> int:
        """Size of the array in memory: product of the shape times the size of one value, without overflow."""
        return math.prod(self.shape) * self.dtype.itemsize

    def check(self, limit: int) -> None:
        """Refuse what no answer can be, or what is larger than `limit` bytes.

        Raises:
            AnswersUnsafe: an array of objects.
            AnswersWrongType: not real numbers.
            AnswersTooLarge: too many bytes or axes.
        """
        if self.dtype.hasobject:
            raise AnswersUnsafe(f"array {self.name!r} holds Python objects, which only unpickling could read; "
                                "save it as numbers, for example array.astype('float32')")  # fmt: skip
        if self.dtype.kind not in _NUMBERS or self.dtype.shape:
            raise AnswersWrongType(f"array {self.name!r} has type {self.dtype}; answers are real or integer numbers")
        if len(self.shape) > MAX_AXES:
            raise AnswersTooLarge(f"array {self.name!r} declares {len(self.shape)} axes; answers have one or two")
        if self.bytes > limit:
            raise AnswersTooLarge(f"array {self.name!r} declares {self.bytes} bytes; the limit is {limit}. "
                                  "Send float32 answers to the case's probes only")  # fmt: skip


def choose(names: list[str]) -> str:
    """The one array to read among those that a file holds: `outputs`, or the only one.

    Example:
        >>> choose(["logits"]), choose(["labels", "outputs"])
        ('logits', 'outputs')

    Raises:
        AnswersAmbiguous: none, several without one named `outputs`, or `outputs` more than once.
    """
    if names.count(ARRAY_NAME) == 1:
        return ARRAY_NAME
    if len(names) == 1:
        return names[0]
    if not names:
        raise AnswersAmbiguous(f"the file holds no array; save the answers as {ARRAY_NAME!r}")
    shown = ", ".join(repr(name) for name in sorted(names)[:_LISTED])
    raise AnswersAmbiguous(f"the file holds {len(names)} arrays ({shown}); name the answers {ARRAY_NAME!r}")
