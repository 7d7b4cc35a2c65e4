"""What a suspect is, whatever it is: something that answers probes and says how the answers came about.

| suspect | file | an exchange is |
|---|---|---|
| an endpoint | endpoint.py, and one file for each protocol | a request and a response |
| a model's file | models/model.py, and one file for each format | a run in a process of its own |
| answers given as a file | outputs.py, and one file for each format | the file |
"""

from dataclasses import dataclass, field
from typing import Any, Protocol

from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """Answers to some probes.

    Attributes:
        answers: one row for each probe.
        exchange: for the record: digests of what went in and out, times, addresses, certificate; JSON values.
    """

    answers: NDArray[Any]
    exchange: dict[str, Any] = field(repr=False)


class Suspect(Protocol):
    """Something that answers probes."""

    @property
    def identity(self) -> str:
        """What is asked, for the record: adapter, and address or digest; no credential."""
        ...

    @property
    def at_once(self) -> int | None:
        """The most probes that may be put to it together; None where the plan decides."""
        ...

    def ask(self, batch: NDArray[Any]) -> Reply:
        """The answers to a batch of probes (b, ...).

        Raises:
            SuspectError, ModelError, AnswersError: there are none, or they cannot be used.
        """
        ...

    def close(self) -> None:
        """Let go of what it holds open."""
        ...
