"""What the text formats share: strict UTF-8, and a bound on the numbers before one of them is parsed."""

from api.suspects.errors import AnswersMalformed, AnswersTooLarge

_PARSED = 32
"""Bytes that one number may cost while it is parsed, a Python object included."""

_LOOK = 4096


def looks_like_text(data: bytes) -> bool:
    """Whether the beginning has no NUL and is UTF-8, a character cut at the end aside."""
    head = data[:_LOOK]
    return b"\0" not in head and "\ufffd" not in head.decode(errors="ignore") and bool(head.decode(errors="ignore"))


def decode(data: bytes, *, limit: int) -> str:
    """The text, if the numbers in it can be held in `limit` bytes while they are parsed.

    Raises:
        AnswersTooLarge: too many separators for that.
        AnswersMalformed: not UTF-8.
    """
    numbers = data.count(b",") + data.count(b"\n") + 1
    if numbers * _PARSED > limit:
        raise AnswersTooLarge(f"a text of {numbers} numbers is too large to be parsed; send npz or safetensors")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise AnswersMalformed(f"the text is not UTF-8 (byte {error.start}); save it again as UTF-8") from error
