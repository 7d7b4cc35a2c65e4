"""The one client through which suspects are asked: checked addresses, bounded answers, everything recorded.

It follows no proxy of the environment, keeps no cookies, decompresses nothing, and repeats a request after a lost
connection, 429 or 5xx. Redirects of the kind that repeat a request (307, 308) are followed a few times, each target
checked anew; a credential never follows to another origin.
"""

import hashlib
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urljoin, urlsplit

import httpcore2

from api.suspects.errors import SuspectMisbehaved, SuspectRefused, SuspectUnreachable
from api.suspects.guard import Guard
from api.suspects.watch import Watch, Watching
from api.tracing import span

_REPEATING = (307, 308)
_AGAIN = (429, 500, 502, 503, 504)
_LOST = (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.TimeoutException)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request to a suspect."""

    method: str
    url: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What was sent and what came back: digests, times, address and certificate, for the record.

    Attributes:
        url: where the answer came from, after redirects.
        request_digest, response_digest: SHA-256 of the bodies.
        status: of HTTP.
        address: IP address and port that answered.
        certificate: SHA-256 of the server's TLS certificate, None without TLS.
        server: the Server header.
        at: wall time when the request was sent, RFC 3339.
        seconds: until the answer was whole, by the monotonic clock.
        body: the answer; not part of the record.
    """

    url: str
    request_digest: str
    response_digest: str
    status: int
    address: str | None
    certificate: str | None
    server: str | None
    at: str
    seconds: float
    body: bytes = field(repr=False)

    def record(self) -> dict[str, object]:
        """JSON form, without the body."""
        return {name: getattr(self, name) for name in self.__slots__ if name != "body"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a suspect may cost.

    Attributes:
        bytes: of one answer, its head included.
        seconds: of one answer, from the first byte sent to the last byte received.
        redirects: in a row.
        attempts: of one request.
        pause: seconds before the second attempt, doubled each time.
        interval: seconds between two requests at least.
    """

    bytes: int = 64 << 20
    seconds: float = 60.0
    redirects: int = 3
    attempts: int = 4
    pause: float = 0.5
    interval: float = 0.0


class Outbound:
    """A client for one suspect; close it after use.

    Args:
        guard: which addresses may be called.
        bounds: what an answer may cost.
        sleep: how to wait.
        clock: monotonic seconds.
        tls: which certificates are believed; the system's roots when None.
    """

    def __init__(
        self,
        *,
        guard: Guard,
        bounds: Bounds,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._watch = Watch(seconds=bounds.seconds, size=bounds.bytes, clock=clock)
        self._pool = httpcore2.ConnectionPool(network_backend=Watching(guard, self._watch), ssl_context=tls)
        self._bounds = bounds
        self._sleep = sleep
        self._clock = clock
        self._next = clock()

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()

    def ask(self, asked: Asked) -> Exchange:
        """The answer to a request.

        Raises:
            AddressRefused: an address that is not allowed.
            SuspectUnreachable: no answer after all attempts.
            SuspectMisbehaved: an answer beyond the bounds, or a redirect that leads nowhere good.
            SuspectRefused: 4xx.
        """
        parts = urlsplit(asked.url)
        with span(f"outbound {asked.method}", server_address=parts.hostname, url_scheme=parts.scheme) as found:
            exchange = self._insist(asked)
            found.set(http_response_status_code=exchange.status)
            return exchange

    def _insist(self, asked: Asked) -> Exchange:
        """The answer, asked for until there is one or enough was tried."""
        reason = ""
        for attempt in range(self._bounds.attempts):
            if attempt:
                self._sleep(self._bounds.pause * 2.0 ** (attempt - 1))
            try:
                exchange = self._follow(asked)
            except _LOST as error:
                reason = str(error) or type(error).__name__
                continue
            if exchange.status in _AGAIN:
                reason = f"status {exchange.status}"
                continue
            if not 200 <= exchange.status < 300:
                raise SuspectRefused(f"{exchange.url} answered {exchange.status}; check address, model and credential")
            return exchange
        often = f" in {self._bounds.attempts} attempts" if self._bounds.attempts > 1 else ""
        raise SuspectUnreachable(f"{asked.url} gave no answer{often} ({reason})")

    def _follow(self, asked: Asked) -> Exchange:
        url = asked.url
        for _ in range(self._bounds.redirects + 1):
            self._pace()
            exchange, location = self._once(asked, url)
            if exchange.status not in _REPEATING:
                return exchange
            url = _target(url, location)
        raise SuspectMisbehaved(
            f"{asked.url} redirects more than {self._bounds.redirects} times; give the last address"
        )

    def _pace(self) -> None:
        wait = self._next - self._clock()
        if wait > 0:
            self._sleep(wait)
        self._next = max(self._next, self._clock()) + self._bounds.interval

    def _once(self, asked: Asked, url: str) -> tuple[Exchange, str]:
        headers = {"Accept": "application/json", "Accept-Encoding": "identity", "Host": urlsplit(url).netloc}
        headers |= asked.headers if _origin(url) == _origin(asked.url) else {}
        at, started = datetime.now(UTC).isoformat(), self._clock()
        timeout = dict.fromkeys(("connect", "read", "write", "pool"), self._bounds.seconds)
        self._watch.begin(url)
        with self._pool.stream(
            asked.method,
            url,
            headers=list(headers.items()),
            content=asked.body,
            extensions={"timeout": timeout},
        ) as response:
            found = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
            if found.get("content-encoding", "identity") != "identity":
                raise SuspectMisbehaved(
                    f"{url} compresses its answer although it was asked not to; that is not followed"
                )
            body = b"".join(response.iter_stream())
            address, certificate = _peer(response)
        exchange = Exchange(
            url=url,
            request_digest=_digest(asked.body),
            response_digest=_digest(body),
            status=response.status,
            address=address,
            certificate=certificate,
            server=found.get("server"),
            at=at,
            seconds=round(self._clock() - started, 6),
            body=body,
        )
        return exchange, found.get("location", "")


def check_url(url: str) -> str:
    """The address, if it is one of HTTP without a user in it.

    Raises:
        SuspectMisbehaved: it is not.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise SuspectMisbehaved(f"{url!r} is no address of HTTP; give http:// or https://, a host, and no user")
    return url


def _target(url: str, location: str) -> str:
    """Where a redirect leads; never from TLS to plain text."""
    target = check_url(urljoin(url, location)) if location else ""
    if not target or (url.startswith("https:") and not target.startswith("https:")):
        raise SuspectMisbehaved(f"{url} redirects to {location!r}, which is not followed; give the last address")
    return target


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _peer(response: httpcore2.Response) -> tuple[str | None, str | None]:
    """Address and certificate of whoever answered."""
    stream = response.extensions.get("network_stream")
    if stream is None:
        return None, None
    server, tls = stream.get_extra_info("server_addr"), stream.get_extra_info("ssl_object")
    certificate = tls.getpeercert(True) if tls is not None else None
    address = None if server is None else f"{server[0]} port {server[1]}"
    return address, None if certificate is None else _digest(certificate)
