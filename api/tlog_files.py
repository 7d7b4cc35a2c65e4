"""A log's static files over HTTP: what `registry.log.monitor` fetches with."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

import httpx2

from registry.errors import LogUnreachable

PREFIX = "tlog"
MAX_BYTES = 256 * (2 + 65_535)  # the largest bundle
ATTEMPTS = 4
_AGAIN = (429, 502, 503, 504)
_SECONDS = 30.0


class TlogFiles:
    """The files below a service's `/tlog`, by path; a call fetches one. Close it, or use it in a `with`.

    Args:
        address: of the service, for example `https://countermark.example`.
        token: of an API key; not needed where the operator lets everybody read the log.
        http: a client to use instead of a new one; it is not closed with this one.
        sleep: how to wait before asking again.
    """

    def __init__(
        self,
        address: str,
        *,
        token: str | None = None,
        http: httpx2.Client | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._prefix = f"{address.rstrip('/')}/{PREFIX}/"
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self._owned = http is None
        self._http = http or httpx2.Client(timeout=_SECONDS)
        self._sleep = sleep

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._owned:
            self._http.close()

    def __call__(self, path: str) -> bytes:
        """The file at that path.

        Raises:
            LogUnreachable: no answer, a refusal, or more than a file can hold.
        """
        url = self._prefix + path
        for attempt in range(ATTEMPTS):
            try:
                status, data = self._get(url)
            except httpx2.HTTPError as error:
                status, data = 0, str(error).encode()
            if status == httpx2.codes.OK:
                return data
            if status not in (0, *_AGAIN):
                break
            self._sleep(0.25 * 2**attempt)
        said = data[:300].decode(errors="replace")
        raise LogUnreachable(f"{url} was not fetched (HTTP {status}): {said}" if status else f"{url}: {said}")

    def _get(self, url: str) -> tuple[int, bytes]:
        with self._http.stream("GET", url, headers=self._headers) as response:
            data = bytearray()
            for chunk in response.iter_bytes():
                data += chunk
                if len(data) > MAX_BYTES:
                    raise LogUnreachable(f"{url} answers more than the {MAX_BYTES} bytes that a file can hold")
            return response.status_code, bytes(data)
