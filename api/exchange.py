"""What both clients share, without I/O: how a call becomes a request, when it is sent again, how an answer is read."""

import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx2

from api.calls import Call
from api.media import IDEMPOTENCY_KEY
from api.problems import Problem

Value = TypeVar("Value")
Outcome = httpx2.Response | httpx2.TransportError
TIMEOUT = httpx2.Timeout(30.0, read=300.0)  # weighing the answers to many probes takes its time
_AGAIN = (429, 502, 503, 504)
_IN_FLIGHT = b'"/problems/request-in-flight"'


class ServiceError(Exception):
    """The service answered with a problem.

    Attributes:
        problem: what is wrong and the way out.
    """

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.detail} (HTTP {problem.status}, request {problem.request_id}). {problem.way_out}")
        self.problem = problem


class ServiceUnreachable(Exception):
    """No answer came, or one that is not this service's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """When a request is sent again: no answer, busy, or still running under the same Idempotency-Key.

    A wait is the server's Retry-After, or first * 2^attempt with full jitter; a longer one than `longest` ends it.

    Attributes:
        attempts: how often a request is sent at most, the first time included.
        first: seconds that the first wait may last.
        longest: seconds that a wait may last at most.
        draw: a number in 0..1, for the jitter.
    """

    attempts: int = 4
    first: float = 0.25
    longest: float = 30.0
    draw: Callable[[], float] = field(default=secrets.SystemRandom().random)

    def delay(self, attempt: int, outcome: Outcome) -> float | None:
        """Seconds to wait before sending again after attempt 0, 1, ...; None to stop.

        Example:
            >>> Retries(draw=lambda: 1.0).delay(2, httpx2.ConnectError("no"))
            1.0
        """
        if attempt + 1 >= self.attempts:
            return None
        backoff = min(self.longest, self.first * 2.0**attempt) * self.draw()
        if isinstance(outcome, httpx2.TransportError):
            return backoff
        if outcome.status_code in _AGAIN or _IN_FLIGHT in outcome.content[:200]:
            wait: float = max(backoff, _seconds(outcome.headers.get("retry-after", "")))
            return wait if wait <= self.longest else None
        return None


DEFAULT = Retries()
"""Four attempts within some seconds."""

ONCE = Retries(attempts=1)
"""No second attempt."""


def _seconds(text: str) -> float:
    return float(text) if text.isascii() and text.isdecimal() else 0.0


def request_of(call: Call[Any], *, base: str, token: str) -> dict[str, Any]:
    """The arguments of `httpx2.Client.request`; a call that changes something gets a fresh Idempotency-Key."""
    headers = {"Authorization": f"Bearer {token}", **call.headers}
    if call.method != "GET":
        headers[IDEMPOTENCY_KEY] = uuid.uuid4().hex
    return {
        "method": call.method,
        "url": base.rstrip("/") + call.path,
        "params": call.query,
        "json": call.json,
        "content": call.content,
        "headers": headers,
    }


def conclude(call: Call[Value], outcome: Outcome, *, base: str) -> Value:
    """The value of an answer.

    Raises:
        ServiceError: the answer is a problem.
        ServiceUnreachable: there is no answer, or it is not this service's.
    """
    if isinstance(outcome, httpx2.TransportError):
        raise ServiceUnreachable(f"no answer from {base} ({outcome}); is the service running?") from outcome
    try:
        if outcome.is_success:
            return call.parse(outcome.content)
        problem = Problem.model_validate_json(outcome.content)
    except ValueError as error:
        raise ServiceUnreachable(
            f"{outcome.url} answered {outcome.status_code}, and nothing of this service; check the address"
        ) from error
    raise ServiceError(problem)
