"""Bounds on a whole answer, kept where bytes come and go: no drip gets past them, of headers, 1xx answers or reading.

A TLS handshake is one operation of Python's own under one timeout, whatever drips within it.
"""

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpcore2

from api.suspects.errors import SuspectMisbehaved


class Watch:
    """What is left of an answer's time and bytes.

    Args:
        seconds: from `begin` to the last byte.
        size: bytes of the answer, its head included.
        clock: monotonic seconds.
    """

    def __init__(self, *, seconds: float, size: int, clock: Callable[[], float]) -> None:
        self._seconds, self._size, self._clock = seconds, size, clock
        self._url, self._ends, self._left = "", clock() + seconds, size

    def begin(self, url: str) -> None:
        """The next request goes out."""
        self._url, self._ends, self._left = url, self._clock() + self._seconds, self._size

    def patience(self, timeout: float | None) -> float:
        """How long to wait for the next bytes.

        Raises:
            SuspectMisbehaved: no longer at all.
        """
        left = self._ends - self._clock()
        if left <= 0:
            raise SuspectMisbehaved(f"{self._url} takes more than {self._seconds:g} seconds; send smaller batches")
        return left if timeout is None else min(left, timeout)

    def took(self, count: int) -> None:
        """So many bytes have come.

        Raises:
            SuspectMisbehaved: too many.
        """
        self._left -= count
        if self._left < 0:
            raise SuspectMisbehaved(f"{self._url} answers with more than {self._size} bytes; send smaller batches")


@dataclass(frozen=True, slots=True)
class Watched(httpcore2.NetworkStream):
    """A connection under a watch."""

    stream: httpcore2.NetworkStream
    watch: Watch

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """The next bytes."""
        data = self.stream.read(max_bytes, timeout=self.watch.patience(timeout))
        self.watch.took(len(data))
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send bytes; however few of them the other side takes at a time, the clock is that of the whole answer."""
        socket, left = self.stream.get_extra_info("socket"), memoryview(buffer)
        try:
            while left:
                socket.settimeout(self.watch.patience(timeout))
                left = left[socket.send(left) :]
        except TimeoutError as error:
            raise httpcore2.WriteTimeout(str(error)) from error
        except OSError as error:
            raise httpcore2.WriteError(str(error)) from error

    def close(self) -> None:
        """Close it."""
        self.stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        """The same connection under TLS, under the same watch."""
        return Watched(self.stream.start_tls(ssl_context, server_hostname, self.watch.patience(timeout)), self.watch)

    def get_extra_info(self, info: str) -> Any:
        """What the connection knows."""
        return self.stream.get_extra_info(info)


@dataclass(frozen=True, slots=True)
class Watching(httpcore2.NetworkBackend):
    """A backend whose connections are under one watch."""

    backend: httpcore2.NetworkBackend
    watch: Watch

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore2.NetworkStream:
        """A watched connection."""
        made = self.backend.connect_tcp(
            host,
            port,
            timeout=self.watch.patience(timeout),
            local_address=local_address,
            socket_options=socket_options,
        )
        return Watched(made, self.watch)
