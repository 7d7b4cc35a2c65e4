"""Answers given as a file, as a suspect that can be asked once, for all probes."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from api.suspects.endpoint import rows
from api.suspects.outputs import read_outputs
from api.suspects.suspect import Reply
from fingerprint.canonical import digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A file of answers to all probes, in order."""

    data: bytes = field(repr=False)
    limit: int

    @property
    def identity(self) -> str:
        """The file's digest."""
        return f"outputs {digest(self.data)}"

    @property
    def at_once(self) -> int | None:
        """All of them."""
        return 1 << 40

    def read(self) -> NDArray[Any]:
        """The numbers in the file.

        Raises:
            AnswersError: it cannot be read.
        """
        return read_outputs(self.data, limit=self.limit)

    def ask(self, batch: NDArray[Any]) -> Reply:
        """The file's answers.

        Raises:
            AnswersError: the file cannot be read.
            AnswerUnusable: another number of answers than probes.
        """
        answers = rows(self.read(), len(batch), "the file of answers")
        exchange = {
            "request_digest": digest(np.ascontiguousarray(batch).tobytes()),
            "response_digest": digest(self.data),
            "at": datetime.now(UTC).isoformat(),
        }
        return Reply(answers=answers, exchange=exchange)

    def close(self) -> None:
        """Nothing is held open."""
