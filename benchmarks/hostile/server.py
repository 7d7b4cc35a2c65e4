"""Endpoints that misbehave, over plain sockets: what they do is the first word of the path they are asked at."""

import json
import socketserver
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.hostile.world import CLASSES, World

_PIECE = bytes(1 << 14)
_PATIENCE = 12.0  # seconds that a slow one goes on before it gives up on being noticed


class Misbehaving(socketserver.ThreadingTCPServer):
    """On one address; counts what it was asked."""

    allow_reuse_address = daemon_threads = True

    def __init__(self, host: str, world: World) -> None:
        super().__init__((host, 0), Handler)
        self.world = world
        self.asked = 0

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever hangs up on it is right."""


class Handler(socketserver.StreamRequestHandler):
    """One connection, one request."""

    server: Misbehaving

    def handle(self) -> None:
        """Read the request, and do what its path says."""
        line = self.rfile.readline().decode("latin-1")
        length = 0
        while (header := self.rfile.readline().strip().lower()) != b"":
            if header.startswith(b"content-length:"):
                length = int(header.partition(b":")[2])
        body = self.rfile.read(length)
        self.server.asked += 1
        _, _, rest = line.split(" ")[1].partition("/")
        what, _, argument = rest.partition("/")
        BEHAVIOURS[what](self, argument, body)

    def say(self, body: bytes, *headers: str, status: str = "200 OK", length: int | None = None) -> None:
        """One answer, and the end of the connection."""
        lines = [
            f"HTTP/1.1 {status}",
            f"Content-Length: {len(body) if length is None else length}",
            "Connection: close",
            *headers,
        ]
        self.wfile.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    def begin(self, *headers: str) -> None:
        """The head of an answer in chunks."""
        self.wfile.write("\r\n".join(["HTTP/1.1 200 OK", *headers]).encode() + b"\r\n\r\n")

    def drip(self, data: bytes, pause: float) -> None:
        """The same bytes again and again."""
        ends = time.monotonic() + _PATIENCE
        while time.monotonic() < ends:
            self.wfile.write(data)
            self.wfile.flush()
            time.sleep(pause)


def _good(self: Handler, _: str, body: bytes) -> None:
    probes = np.array(json.loads(body)["instances"])
    answer = probes @ self.server.world.weight.T + self.server.world.bias
    self.say(json.dumps({"predictions": answer.tolist()}).encode())


def _values(value: Callable[[int], Any]) -> Callable[[Handler, str, bytes], None]:
    """Predictions made from the number of probes."""

    def behave(self: Handler, _: str, body: bytes) -> None:
        self.say(json.dumps({"predictions": value(len(json.loads(body)["instances"]))}).encode())

    return behave


def _body(data: bytes, *headers: str, status: str = "200 OK", length: int | None = None) -> Callable[..., None]:
    return lambda self, _argument, _body: self.say(data, *headers, status=status, length=length)


def _redirect(self: Handler, argument: str, _: bytes) -> None:
    self.say(b"", f"Location: {argument}", status="307 Temporary Redirect")


def _drip(self: Handler, _: str, __: bytes) -> None:
    self.begin("Content-Length: 1000000")
    self.drip(b" ", 0.05)


def _drip_head(self: Handler, _: str, __: bytes) -> None:
    self.wfile.write(b"HTTP/1.1 200 OK\r\n")
    self.drip(b"X-A: b\r\n", 0.05)


def _drip_chunks(self: Handler, _: str, __: bytes) -> None:
    self.begin("Transfer-Encoding: chunked")
    self.drip(b"1\r\n \r\n", 0.05)


def _stream(self: Handler, _: str, __: bytes) -> None:
    self.begin("Content-Type: application/json")
    self.drip(_PIECE, 0.0)


def _chunks(self: Handler, _: str, __: bytes) -> None:
    self.begin("Transfer-Encoding: chunked")
    self.drip(b"4000\r\n" + _PIECE + b"\r\n", 0.0)


def _headers(self: Handler, _: str, __: bytes) -> None:
    self.wfile.write(b"HTTP/1.1 200 OK\r\n")
    self.drip(b"X-A: " + b"b" * 4000 + b"\r\n", 0.0)


def _early(self: Handler, _: str, __: bytes) -> None:
    self.drip(b"HTTP/1.1 100 Continue\r\n\r\n", 0.001)


def _silence(_: Handler, _argument: str, _body: bytes) -> None:
    time.sleep(_PATIENCE / 4)


def _hang_up(_: Handler, _argument: str, _body: bytes) -> None:
    """Nothing at all."""


BEHAVIOURS: dict[str, Callable[[Handler, str, bytes], None]] = {
    "good": _good,
    "redirect": _redirect,
    "circle": _body(b"", "Location: /circle", status="308 Permanent Redirect"),
    "nowhere": _body(b"", status="307 Temporary Redirect"),
    "found": _body(b"", "Location: /good", status="302 Found"),
    "drip": _drip,
    "drip-head": _drip_head,
    "drip-chunks": _drip_chunks,
    "stream": _stream,
    "chunks": _chunks,
    "headers": _headers,
    "early": _early,
    "silence": _silence,
    "hang-up": _hang_up,
    "short": _body(b"{}", length=1000),
    "huge": _body(b"{}", length=1 << 62),
    "negative": _body(b"{}", length=-5),
    "no-http": lambda self, _argument, _body: self.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n") and None,
    "noise": lambda self, _argument, _body: self.wfile.write(np.random.default_rng(2).bytes(4000)) and None,
    "gzip": _body(b"\x1f\x8b\x08\x00", "Content-Encoding: gzip"),
    "brotli": _body(b"\x0b\x02\x80", "Content-Encoding: br"),
    "404": _body(b"no", status="404 Not Found"),
    "401": _body(b"no", status="401 Unauthorized"),
    "500": _body(b"no", status="500 Internal Server Error"),
    "429": _body(b"no", "Retry-After: 99999", status="429 Too Many Requests"),
    "not-utf-8": _body(b'{"predictions": "\xff\xfe"}'),
    "deep": _body(b'{"predictions":' + b"[" * 500_000),
    "deep-object": _body(b'{"predictions":' * 200_000),
    "digits": _body(b'{"predictions": [' + b"9" * 100_000 + b"]}"),
    "html": _body(b"<html><script>alert(1)</script></html>", "Content-Type: text/html"),
    "empty": _body(b""),
    "null": _body(b"null"),
    "elsewhere": _body(b'{"scores": []}'),
    "strings": _values(lambda n: [["0.1"] * CLASSES] * n),
    "truths": _values(lambda n: [[True] * CLASSES] * n),
    "nulls": _values(lambda n: [[None] * CLASSES] * n),
    "objects": _values(lambda n: [{"a": 1}] * n),
    "ragged": _values(lambda n: [[0.0] * (at % 3 + 1) for at in range(n)]),
    "too-few": _values(lambda n: [[0.0] * CLASSES] * (n - 1)),
    "too-many": _values(lambda n: [[0.0] * CLASSES] * (n + 1)),
    "nan": _values(lambda n: [[float("nan")] * CLASSES] * n),
    "infinite": _values(lambda n: [[float("inf")] * CLASSES] * n),
    "constant": _values(lambda n: [[0.5] * CLASSES] * n),
    "narrow": _values(lambda n: [[0.5, float(at)] for at in range(n)]),
    "cube": _values(lambda n: [[[0.0] * CLASSES] * 2] * n),
    "oip-none": _body(b'{"outputs": []}'),
    "oip-shape": _body(b'{"outputs": [{"name": "y", "shape": [1099511627776, 1099511627776], "data": [1]}]}'),
    "oip-negative": _body(b'{"outputs": [{"name": "y", "shape": [-1, -6], "data": [1]}]}'),
    "oip-text": _body(b'{"outputs": [{"name": "y", "shape": [64, 6], "data": "none"}]}'),
    "oip-several": _body(b'{"outputs": [{"name": "a"}, {"name": "b"}]}'),
    "oip-binary": _body(b'{"outputs": [{"name": "y", "shape": [1], "parameters": {"binary_data_size": 9}}]}'),
    "ai-none": _body(b'{"choices": []}'),
    "ai-numbers": _body(b'{"choices": [{"index": 99}]}'),
    "ai-silent": _body(b'{"choices": [{"index": 0, "logprobs": null}]}'),
    "ai-lies": _body(b'{"choices": [{"index": 0, "logprobs": {"top_logprobs": [{"A": 5.0}]}}]}'),
    "ai-texts": _body(b'{"choices": [{"index": 0, "logprobs": {"top_logprobs": [{"A": "x"}]}}]}'),
    "ai-others": _body(b'{"choices": [{"index": 0, "logprobs": {"top_logprobs": [{"<b>": -1.0}]}}]}'),
}
