"""Reading a table of answers through the sandbox: pyarrow is C++ over foreign bytes."""

from typing import Any

from numpy.typing import NDArray

from api.suspects.errors import AnswersError, AnswersFormatMissing, AnswersMalformed, AnswersTooLarge
from api.suspects.sandbox import host
from api.suspects.sandbox.confine import Limits

_LIBRARIES = 1 << 30
_HEADER = 1 << 12
PARQUET, _FILE, _STREAM = b"PAR1", b"ARROW1", b"\xff\xff\xff\xff"


def begins_like_arrow(data: bytes) -> bool:
    """Whether the bytes begin like an Arrow file, or like a stream: a continuation mark and the size of a schema."""
    return data.startswith((_FILE, _STREAM))


def parquet(data: bytes, *, limit: int) -> NDArray[Any]:
    """The answers in a Parquet file; see `_table`."""
    return _table("parquet", data, limit)


def arrow(data: bytes, *, limit: int) -> NDArray[Any]:
    """The answers in an Arrow file or stream; see `_table`."""
    return _table("arrow", data, limit)


def _table(name: str, data: bytes, limit: int) -> NDArray[Any]:
    """The answers.

    Raises:
        AnswersError: one of its kinds; nothing larger than `limit` is ever held here.
    """
    limits = Limits(memory=_LIBRARIES + 3 * limit + len(data), cpu=60, seconds=90.0, output=limit + _HEADER)
    try:
        return host.run(name, data, options={"limit": limit}, limits=limits).outputs
    except host.Stopped as stopped:
        raise said(name, stopped, limits.memory) from stopped


def said(name: str, stopped: host.Stopped, memory: int) -> AnswersError:
    """Why reading stopped, as an error with a way out."""
    match stopped.cause:
        case "missing":
            return AnswersFormatMissing(f"{stopped} is not installed; install countermark[arrow], or send npz")
        case "memory" | "time":
            return AnswersTooLarge(
                f"unpacking the {name} file takes too long or more than {memory >> 20} MiB; send npz"
            )
        case _:
            return AnswersMalformed(f"the {name} file broke its reader ({stopped}); save it again")
