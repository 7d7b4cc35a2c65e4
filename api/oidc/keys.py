"""An issuer's public keys: fetched when needed, kept for a while, fetched anew when a token names an unknown one.

| what happens | what is done |
|---|---|
| a token names a known key | no call, until the keys are `KEPT` seconds old |
| a token names an unknown key | fetched anew, but not within `PAUSE` seconds of the last time, whoever asks |
| the issuer does not answer, and keys are known | they are used until they are `STALE` seconds old |
| the issuer does not answer, and none are | `IssuerUnreachable`, without another call within `PAUSE` seconds |
"""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from api.oidc.errors import IssuerUnreachable

KEPT, STALE, PAUSE = 600.0, 86_400.0, 10.0
Jwk = Mapping[str, Any]
Fetch = Callable[[], list[Jwk]]


class _Known(NamedTuple):
    """What was fetched, and since when it is known: read together, or a key could pass for fresher than it is."""

    keys: Mapping[str, Jwk]
    since: float


class IssuerKeys:
    """The keys of one issuer, by `kid`; threads may share it.

    Args:
        fetch: gets the issuer's keys now; raises IssuerUnreachable.
        clock: monotonic seconds.
    """

    def __init__(self, fetch: Fetch, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._known = _Known({}, -float("inf"))
        self._tried_at = -float("inf")

    def key(self, kid: str) -> Jwk | None:
        """The key of that id; None if the issuer has none.

        Raises:
            IssuerUnreachable: the issuer does not answer, and what was known is too old.
        """
        keys, since = self._known
        known, age = keys.get(kid), self._clock() - since
        if known is not None and age <= KEPT:
            return known
        if not self._lock.acquire(blocking=known is None or age > STALE):
            return known  # another thread asks already, and nobody who holds a known key waits for an issuer
        try:
            if self._age() > KEPT or kid not in self._known.keys:
                self._refresh()
            return self._known.keys.get(kid)
        finally:
            self._lock.release()

    def _age(self) -> float:
        return self._clock() - self._known.since

    def _refresh(self) -> None:
        now = self._clock()
        if now - self._tried_at >= PAUSE:
            try:
                found = self._fetch()
            except IssuerUnreachable:
                if self._age() > STALE:
                    raise
                return
            finally:
                self._tried_at = self._clock()  # now that it ended: whoever waited meanwhile does not ask at once again
            self._known = _Known({str(jwk["kid"]): jwk for jwk in found if isinstance(jwk.get("kid"), str)}, now)
        elif self._age() > STALE:
            raise IssuerUnreachable("the identity provider did not answer a moment ago; try again in some seconds")
