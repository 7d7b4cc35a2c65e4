"""Servers on loopback for tests: a leaked copy behind an address, and the application itself."""

import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import uvicorn
from fastapi import FastAPI

from tests.loopback import serving


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A request that is under way from when it `came` until its answer is `told`."""

    came: threading.Event = field(default_factory=threading.Event)
    told: threading.Event = field(default_factory=threading.Event)


class Leaked(ThreadingHTTPServer):
    """A linear model behind an address; it breaks down after some requests, or holds its answers.

    Attributes:
        good: how many requests it still answers.
        asked: how many requests came; `probes`: how many probes.
        tokens: credentials that were sent.
        held: by its number of probes, a request whose answer is held.
        later: after so many requests, all others, whose answers are held.
    """

    daemon_threads = True

    def __init__(self, weight, bias) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.weight, self.bias = weight, bias
        self.good, self.asked, self.probes = 1 << 30, 0, 0
        self.tokens: set[str] = set()
        self.held: dict[int, Held] = {}
        self.later: tuple[int, Held] | None = None
        self.lock = threading.Lock()

    def described(self) -> dict:
        """How it is asked."""
        url = f"http://127.0.0.1:{self.server_port}/x"
        return {"url": url, "body": {"instances": "$probes"}, "answers": "/predictions"}

    @contextmanager
    def holding(self, *sizes: int) -> Iterator[list[Held]]:
        """Requests of so many probes, each held until told, and at the latest until the block ends."""
        self.held = {size: Held() for size in sizes}
        try:
            yield list(self.held.values())
        finally:
            for held in self.held.values():
                held.told.set()

    @contextmanager
    def holding_after(self, answered: int) -> Iterator[Held]:
        """The requests that come after so many more, held until told, and at the latest until the block ends."""
        held = Held()
        self.later = self.asked + answered, held
        try:
            yield held
        finally:
            self.later = None
            held.told.set()

    def hold(self, number: int, probes: int) -> None:
        """Return when the request of that number may be answered."""
        held, later = self.held.get(probes), self.later
        if later is not None and number > later[0]:
            held = later[1]
        if held is not None:
            held.came.set()
            held.told.wait()


class Handler(BaseHTTPRequestHandler):
    """One request."""

    def do_POST(self) -> None:
        """Logits, or a refusal."""
        server = self.server
        instances = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["instances"]
        with server.lock:
            server.asked += 1
            number = server.asked
            server.good -= 1
            server.probes += len(instances)
            server.tokens.add(self.headers.get("Authorization", ""))
            good = server.good >= 0
        server.hold(number, len(instances))
        answer = np.array(instances) @ server.weight.T + server.bias
        data = json.dumps({"predictions": answer.tolist()}).encode()
        try:
            self.send_response(200 if good else 418)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
        except OSError:  # whoever asked was killed
            self.close_connection = True

    def log_message(self, *args: object) -> None:
        """Nothing."""

    def handle_one_request(self) -> None:
        """One, or none from whoever was killed."""
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True


@contextmanager
def leaking(weight, bias) -> Iterator[Leaked]:
    """The model, served."""
    server = Leaked(weight, bias)
    with serving(server):
        yield server


@contextmanager
def listening(app: FastAPI) -> Iterator[str]:
    """The address of a real server over the application."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="on"))
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [found]})
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        yield f"http://127.0.0.1:{found.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@contextmanager
def process(data: Path, **settings: object) -> Iterator[tuple[str, subprocess.Popen]]:
    """The address of `countermark serve` in a process of its own, and the process; killed at the end if it lives."""
    given = {f"COUNTERMARK_{name.upper()}": str(value) for name, value in {"data": data, **settings}.items()}
    with started(["serve", "--port", "0"], **given) as found:
        yield found


@contextmanager
def started(command: list[str], **environment: str) -> Iterator[tuple[str, subprocess.Popen]]:
    """The address of a command that serves, and its process; killed at the end if it lives."""
    words, given = [sys.executable, "-m", "api.cli", *command], {**os.environ, **environment}
    with subprocess.Popen(words, env=given, stderr=subprocess.PIPE, text=True) as running:
        try:
            said = ""
            while (found := re.search(r"running on (http://\S+)", said)) is None:
                said = running.stderr.readline()
                assert said, "it did not start"
            yield found.group(1), running
        finally:
            running.kill()
