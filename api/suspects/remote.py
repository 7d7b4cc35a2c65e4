"""An endpoint as a suspect: each batch of probes is one request through the outbound client."""

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from api.suspects.endpoint import Endpoint
from api.suspects.outbound import Outbound
from api.suspects.suspect import Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """An endpoint, and the client that reaches it."""

    endpoint: Endpoint
    outbound: Outbound

    @property
    def identity(self) -> str:
        """The endpoint's."""
        return self.endpoint.identity

    @property
    def at_once(self) -> int | None:
        """What the endpoint's protocol allows."""
        return self.endpoint.at_once

    def ask(self, batch: NDArray[Any]) -> Reply:
        """The endpoint's answers.

        Raises:
            SuspectError: one of its kinds.
        """
        exchange = self.outbound.ask(self.endpoint.request(batch))
        return Reply(answers=self.endpoint.answers(exchange.body, len(batch)), exchange=exchange.record())

    def close(self) -> None:
        """Close the connections."""
        self.outbound.close()
