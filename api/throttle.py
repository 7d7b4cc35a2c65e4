"""Rate limits for each API key: a moving window, in memory or wherever `limits` can keep it.

Policies: `calls` for everything; for what an oracle attacker would repeat, `verdicts` of a key, `tries` of a case, and
`cases` about a release, the last two counted for all keys of a tenant together, so that more keys are no help. A store
that fails lets requests through and is counted: a broken limiter must not stop the service.
"""

import math
from dataclasses import dataclass
from urllib.parse import urlsplit

from limits import RateLimitItem, parse
from limits.errors import StorageError
from limits.storage import Storage, storage_from_string

from api.telemetry import Metrics
from api.windows import InMemory, Stored, Windows

POLICY_HEADER, STATE_HEADER = "RateLimit-Policy", "RateLimit"


class RateLimited(Exception):
    """More requests than the key's limit allows.

    Attributes:
        retry_after: seconds until one more is allowed.
        left: headers that say what is left, as for a request that was let through.
    """

    def __init__(self, policy: str, allowed: str, retry_after: int, left: dict[str, str]) -> None:
        super().__init__(f"this many are allowed: {allowed} ({policy}); wait {retry_after} seconds")
        self.retry_after = retry_after
        self.left = left


@dataclass(frozen=True, slots=True)
class Throttle:
    """The limits of one application.

    Attributes:
        windows: where requests are counted.
        policies: what is allowed, by name.
        metrics: where a failing store is counted.
    """

    windows: Windows
    policies: dict[str, RateLimitItem]
    metrics: Metrics

    @classmethod
    def of(cls, address: str, limits: dict[str, str], metrics: Metrics) -> "Throttle":
        """Limits such as `600/minute`, kept at an address such as `memory://` or `redis://host`.

        Raises:
            ValueError: a limit or an address that does not parse.
        """
        return cls(_windows(address), {name: parse(limit) for name, limit in limits.items()}, metrics)

    def take(self, policy: str, *who: str) -> dict[str, str]:
        """Count one request of the caller; the headers that say what is left (draft-ietf-httpapi-ratelimit-headers).

        Raises:
            RateLimited: one too many.
        """
        item = self.policies[policy]
        try:
            taken, left, seconds = self.windows.take(item, policy, *who)
        except StorageError:
            self.metrics.throttle_failures.inc()
            return {}
        wait = max(1, math.ceil(seconds))
        headers = {
            POLICY_HEADER: f'"{policy}";q={item.amount};w={item.get_expiry()}',
            STATE_HEADER: f'"{policy}";r={left};t={wait}',
        }
        if not taken:
            raise RateLimited(policy, str(item), wait, headers)
        return headers


def _windows(address: str) -> Windows:
    if urlsplit(address).scheme == "memory":
        return InMemory()
    store = storage_from_string(address, wrap_exceptions=True)
    if not isinstance(store, Storage):
        raise TypeError(f"{address} is a store for asynchronous programs; leave `async+` out")
    return Stored(store)
