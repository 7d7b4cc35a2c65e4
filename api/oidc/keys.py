"""An issuer's public keys: fetched when needed, kept for a while, fetched anew when a token names an unknown one.

| what happens | what is done |
|---|---|
| a token names a known key | no call, until the keys are `KEPT` seconds old |
| a token names an unknown key | fetched anew, but not twice within `PAUSE` seconds, whoever asks |
| the issuer does not answer, and keys are known | they are used until they are `STALE` seconds old |
| the issuer does not answer, and none are | `IssuerUnreachable`, without another call within `PAUSE` seconds |
"""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from api.oidc.errors import IssuerUnreachable

KEPT, STALE, PAUSE = 600.0, 86_400.0, 10.0
Jwk = Mapping[str, Any]
Fetch = Callable[[], list[Jwk]]


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
        self._keys: dict[str, Jwk] = {}
        self._fetched_at: float | None = None
        self._tried_at: float | None = None

    def key(self, kid: str) -> Jwk | None:
        """The key of that id; None if the issuer has none.

        Raises:
            IssuerUnreachable: the issuer does not answer, and what was known is too old.
        """
        known, age = self._keys.get(kid), self._age()
        if known is not None and age <= KEPT:
            return known
        if not self._lock.acquire(blocking=known is None or age > STALE):
            return known  # another thread asks already, and nobody who holds a known key waits for an issuer
        try:
            if self._age() > KEPT or kid not in self._keys:
                self._refresh()
            return self._keys.get(kid)
        finally:
            self._lock.release()

    def _age(self) -> float:
        return float("inf") if self._fetched_at is None else self._clock() - self._fetched_at

    def _refresh(self) -> None:
        now = self._clock()
        if self._tried_at is None or now - self._tried_at >= PAUSE:
            self._tried_at = now
            try:
                found = self._fetch()
            except IssuerUnreachable:
                if self._age() > STALE:
                    raise
                return
            self._keys = {str(jwk["kid"]): jwk for jwk in found if isinstance(jwk.get("kid"), str)}
            self._fetched_at = now
        elif self._age() > STALE:
            raise IssuerUnreachable("the identity provider did not answer a moment ago; try again in some seconds")
