"""What an adapter to an endpoint is: probes to a request, an answer to numbers. No I/O, so tests need no socket."""

import json
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from api.suspects.errors import AnswerUnusable
from api.suspects.outbound import Asked


class Endpoint(Protocol):
    """A way to ask a suspect over HTTP."""

    @property
    def identity(self) -> str:
        """What is asked, for the record: adapter, address and model, no credential."""
        ...

    @property
    def at_once(self) -> int | None:
        """The most probes that one request can hold; None where there is no such bound."""
        ...

    def request(self, batch: NDArray[Any]) -> Asked:
        """The request that puts a batch of probes (b, ...) to the suspect."""
        ...

    def answers(self, body: bytes, count: int) -> NDArray[Any]:
        """The answers, one row for each of `count` probes; raises `AnswerUnusable`."""
        ...


def parse_json(body: bytes) -> Any:
    """The JSON value of an answer.

    Raises:
        AnswerUnusable: it is none, or deeper than anything that is an answer.
    """
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise AnswerUnusable(f"the suspect's answer is not JSON ({error}); check address and adapter") from error


def rows(value: Any, count: int, what: str) -> NDArray[Any]:
    """Nested lists of numbers as an array with one row for each probe.

    Raises:
        AnswerUnusable: ragged, not numbers, or another number of rows.
    """
    try:
        array = np.asarray(value)
    except (ValueError, OverflowError) as error:
        raise AnswerUnusable(f"{what} holds rows of different lengths; check the adapter") from error
    if array.dtype.kind not in "fiu" or array.ndim < 1:
        raise AnswerUnusable(f"{what} holds something other than lists of numbers; check the adapter")
    if array.shape[0] != count:
        raise AnswerUnusable(
            f"{what} has {array.shape[0]} rows for {count} probes; check the adapter or send fewer at once"
        )
    return array


def plain(batch: NDArray[Any]) -> list[Any]:
    """Probes as nested lists; float32 values are written with the digits that bring them back exactly."""
    nested: list[Any] = batch.astype(np.float64).tolist() if batch.dtype.kind == "f" else batch.tolist()
    return nested
