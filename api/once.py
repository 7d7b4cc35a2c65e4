"""A request under an Idempotency-Key, and doing what it asks for once: the answer is committed with what was done.

An answer holds what the registry cannot tell again: tokens and codewords are shown once. A verdict or a proof of
possession can be read again, and may be long, so that of those only their id is kept.
"""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from registry.requests import Done, Request
from registry.service import Registry

CLAIM = "countermark.claim"
"""Key of the ASGI scope under which the request's claim stands, if it has an Idempotency-Key."""


class KeyReused(Exception):
    """The Idempotency-Key belongs to another request."""


class RequestInFlight(Exception):
    """The request with this Idempotency-Key is still running."""


class Again(StrEnum):
    """What can be read again."""

    VERDICT = "verdict"
    POSSESSION = "possession"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was answered.

    Attributes:
        status: of HTTP.
        body: JSON, if that is kept.
        again: else what to read again, and its id.
        location: the header, if there was one.
    """

    status: int
    body: str | None = None
    again: tuple[Again, str] | None = None
    location: str | None = None

    def to_text(self) -> str:
        """The answer as the registry keeps it. Law: `of_bytes(to_text().encode())` is the answer again."""
        return json.dumps([self.status, self.body, self.again, self.location], separators=(",", ":"))

    @classmethod
    def of_bytes(cls, data: bytes) -> Self:
        """The answer that was kept."""
        status, body, again, location = json.loads(data)
        read = None if again is None else (Again(again[0]), again[1])
        return cls(status=status, body=body, again=read, location=location)


class Replayed(Exception):
    """Not an error: the request was done before, and its answer is at hand."""

    def __init__(self, answer: Answer) -> None:
        super().__init__("done before")
        self.answer = answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A request under its key.

    Attributes:
        tenant: id of the sender's tenant.
        request: whose, which key, and what it asks for.
        status: of the answer to it, when it succeeds.
    """

    tenant: str
    request: Request
    status: int

    def require_new(self, registry: Registry) -> None:
        """Return if nothing was done under this key.

        Raises:
            Replayed: this request was done; its answer.
            KeyReused: another one was.
            AnswerForgotten: this or another one was, and nobody can tell any more.
        """
        done = registry.done_request(self.tenant, self.request)
        if done is not None:
            raise Replayed(self._answer(done))

    def keep(
        self,
        registry: Registry,
        *,
        body: str | None = None,
        again: tuple[Again, str] | None = None,
        location: str | None = None,
    ) -> None:
        """Store the answer within the unit that does what was asked for."""
        answer = Answer(status=self.status, body=body, again=again, location=location)
        registry.keep_answer(self.tenant, self.request, answer.to_text())

    def _answer(self, done: Done) -> Answer:
        if done.fingerprint != self.request.fingerprint:
            raise KeyReused("this Idempotency-Key was sent with another request; make a new key for each request")
        return Answer.of_bytes(done.answer)


def unclaimed() -> Claim | None:
    """No key: what is asked for is done each time."""
    return None
