"""The suspects behind an address on this machine: they answer, and count how often each probe was asked, and when."""

import json
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np

from benchmarks.resume.world import Suspect

Probe = tuple[float, ...]
PAUSE = 0.015
"""Seconds before each answer: what a small model behind an address takes."""
_ACCEPTED = 0.05  # seconds until a connection that was made is accepted


@dataclass(frozen=True, slots=True)
class Asked:
    """One batch: about which job's suspect, between which two kills, which probes, and when."""

    place: str
    epoch: int
    probes: tuple[Probe, ...]
    at: float


class Endpoint(ThreadingHTTPServer):
    """Answers at /PLACE for the suspect that was put there.

    Attributes:
        epoch: how many kills there were.
        asked: every batch that came.
        connected: how many connections are open.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.epoch = 0
        self.asked: list[Asked] = []
        self.suspects: dict[str, Suspect] = {}
        self.connected = 0
        self.came = threading.Condition()

    def put(self, place: str, suspect: Suspect) -> dict[str, Any]:
        """Have a suspect answer at a place; how it is asked there."""
        self.suspects[place] = suspect
        address = f"http://127.0.0.1:{self.server_port}/{place}"
        return {"url": address, "body": {"instances": "$probes"}, "answers": "/predictions"}

    def note(self, place: str, probes: tuple[Probe, ...]) -> None:
        """A batch came."""
        with self.came:
            self.asked.append(Asked(place, self.epoch, probes, time.monotonic()))
            self.came.notify_all()

    def wait(self, *, beyond: int, seconds: float) -> bool:
        """Wait until more than so many batches came; False if none came in time."""
        with self.came:
            return self.came.wait_for(lambda: len(self.asked) > beyond, timeout=seconds)

    def drained(self, seconds: float) -> bool:
        """Wait until every request of a process that is gone was counted: its connections are closed by then."""
        time.sleep(_ACCEPTED)
        with self.came:
            return self.came.wait_for(lambda: self.connected == 0, timeout=seconds)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Count the connection before its thread starts."""
        with self.came:
            self.connected += 1
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Count it off when it is closed."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self.came:
                self.connected -= 1
                self.came.notify_all()

    def times(self, place: str) -> dict[Probe, list[int]]:
        """Of each probe that came to a place, after how many kills it came, each time."""
        found: dict[Probe, list[int]] = defaultdict(list)
        for batch in self.asked:
            if batch.place == place:
                for probe in batch.probes:
                    found[probe].append(batch.epoch)
        return found

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever asked was killed."""


class _Handler(BaseHTTPRequestHandler):
    server: Endpoint

    def do_POST(self) -> None:
        """Logits."""
        probes = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["instances"]
        place = self.path.strip("/")
        self.server.note(place, tuple(map(tuple, probes)))
        time.sleep(PAUSE)
        suspect = self.server.suspects[place]
        answers = np.array(probes) @ suspect.weight.T + suspect.bias
        data = json.dumps({"predictions": answers.tolist()}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: object) -> None:
        """Nothing."""


@contextmanager
def answering() -> Iterator[Endpoint]:
    """The endpoint, served until the block ends."""
    with Endpoint() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()
