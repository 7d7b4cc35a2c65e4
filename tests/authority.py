"""A time-stamping authority for all tests: OpenSSL's, behind HTTP on loopback, as a real one would be."""

import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.loopback import serving

CONFIG = Path(__file__).with_name("tsa.cnf")
CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
USAGE = "extendedKeyUsage=critical,timeStamping\nkeyUsage=critical,digitalSignature\n"


class Authority:
    """Certificates and the program that stamps."""

    def __init__(self, home: Path, name: str = "authority") -> None:
        home.mkdir(parents=True)
        self.home = home
        shutil.copy(CONFIG, home / "tsa.cnf")
        (home / "serial").write_text("01")
        (home / "usage").write_text(USAGE)
        self._openssl("req", "-x509", *CURVE, "-keyout", "ca.key", "-out", "ca.pem", "-subj", f"/CN={name} root")
        self._openssl("req", *CURVE, "-keyout", "tsa.key", "-out", "tsa.csr", "-subj", f"/CN={name}")
        signing = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "usage")
        self._openssl("x509", "-req", "-in", "tsa.csr", *signing, "-out", "tsa.pem")
        self._lock = threading.Lock()

    @property
    def roots(self) -> bytes:
        """The root certificate."""
        return (self.home / "ca.pem").read_bytes()

    @property
    def certificate(self) -> bytes:
        """The certificate that signs."""
        return (self.home / "tsa.pem").read_bytes()

    def stamp(self, query: bytes) -> bytes:
        """The response to a request."""
        with self._lock:
            (self.home / "query").write_bytes(query)
            signer = ("-signer", "tsa.pem", "-inkey", "tsa.key", "-config", "tsa.cnf", "-section", "authority")
            self._openssl("ts", "-reply", "-queryfile", "query", *signer, "-out", "reply")
            return (self.home / "reply").read_bytes()

    def verifies(self, response: Path, data: Path) -> bool:
        """Whether OpenSSL itself takes a saved response."""
        command = ["openssl", "ts", "-verify", "-in", str(response), "-data", str(data), "-CAfile", "ca.pem"]
        return subprocess.run(command, cwd=self.home, capture_output=True, check=False).returncode == 0

    def _openssl(self, *arguments: str) -> None:
        done = subprocess.run(["openssl", *arguments], cwd=self.home, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Its address while it answers."""
        authority = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                query = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path != "/tsr" or self.headers["Content-Type"] != "application/timestamp-query":
                    self.send_error(404)
                    return
                body = authority.stamp(query)
                self.send_response(200)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        with serving(server):
            yield f"http://127.0.0.1:{server.server_address[1]}/tsr"


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority whose word is taken."""
    return Authority(tmp_path_factory.mktemp("tsa") / "authority")


@pytest.fixture(scope="session")
def other_authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Another one."""
    return Authority(tmp_path_factory.mktemp("tsa") / "other", name="other")


@pytest.fixture(scope="session")
def tsa(authority: Authority) -> Iterator[str]:
    """The authority's address."""
    with authority.serving() as url:
        yield url
