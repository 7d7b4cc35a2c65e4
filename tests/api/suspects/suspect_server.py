"""A model behind an address of this machine that misbehaves on demand, and a client that may call it."""

import ipaddress
import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

from api.suspects.guard import Guard, resolve
from api.suspects.outbound import Bounds, Outbound
from tests.patience import PATIENCE

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


class Suspect(ThreadingHTTPServer):
    """A model behind an address: answers the sum of each probe and its negative; misbehaves on demand."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[tuple[str, dict, bytes]] = []
        self.failures = 0

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_port}"


OK = b"HTTP/1.1 200 OK\r\n"
ENDLESS = {
    "/endless": (OK + b"\r\n", bytes(1 << 16)),
    "/dripping-head": (OK, b"a: b\r\n"),
    "/early": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer by the path."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.seen.append((self.path, dict(self.headers), body))
        if self.server.failures:
            self.server.failures -= 1
            self._answer(503, b"busy")
        elif self.path == "/good":
            probes = np.asarray(json.loads(body)["instances"])
            sums = probes.reshape(len(probes), -1).sum(axis=1)
            self._answer(200, json.dumps({"predictions": np.stack([sums, -sums], axis=1).tolist()}).encode())
        elif self.path.startswith("/to/"):
            self._answer(307, b"", {"Location": self.path.removeprefix("/to/")})
        elif self.path == "/circle":
            self._answer(308, b"", {"Location": "/circle"})
        elif self.path in ENDLESS:
            self._drip(*ENDLESS[self.path])
        elif self.path == "/gzip":
            self._answer(200, b"x", {"Content-Encoding": "gzip"})
        elif self.path == "/nobody":
            self.close_connection = True
        else:
            self._answer(404, b"no")

    def _drip(self, head, part) -> None:
        self.wfile.write(head)
        while True:
            self.wfile.write(part)
            time.sleep(0.001)

    def _answer(self, status, body, headers=None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Nothing."""


def outbound_of(*, allowed=LOOPBACK, resolver=resolve, **bounds: object) -> Outbound:
    """A client that may call this machine, and never really waits."""
    return Outbound(
        guard=Guard(allowed=allowed, resolver=resolver),
        bounds=Bounds(**{"attempts": 2, "bytes": 1 << 20, "seconds": PATIENCE, **bounds}),
        sleep=lambda seconds: None,
    )
