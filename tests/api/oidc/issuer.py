"""An identity provider on loopback: metadata, keys made on the spot, tokens."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from tests.loopback import serving

AUDIENCE = "https://countermark.example"


class Issuer(ThreadingHTTPServer):
    """Serves its metadata and its keys, and signs tokens.

    Attributes:
        keys: private keys by id; what is here is published.
        fetched: how often the keys were asked for.
        down: whether it answers 500.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.keys: dict[str, Any] = {"one": ec.generate_private_key(ec.SECP256R1())}
        self.fetched, self.down, self.claimed = 0, False, self.url

    @property
    def url(self) -> str:
        """Its name and address."""
        return f"http://127.0.0.1:{self.server_port}"

    def jwks(self) -> dict[str, Any]:
        """Its public keys."""
        keys = []
        for kid, private in self.keys.items():
            jwk = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(private.public_key()))
            keys.append({**jwk, "kid": kid, "use": "sig"})
        return {"keys": keys}

    def token(self, kid: str = "one", *, key: Any = None, alg: str = "ES256", header: dict | None = None, **changed):
        """A token for acme that may investigate; a claim changed to None is left out."""
        now = int(time.time())
        claims = {
            "iss": self.url, "aud": AUDIENCE, "sub": "user 7", "iat": now, "exp": now + 300, "tenant": "acme",
            "scope": "openid countermark:investigate", **changed,
        }  # fmt: skip
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(claims, key or self.keys[kid], algorithm=alg, headers={"kid": kid, **(header or {})})


class Handler(BaseHTTPRequestHandler):
    """One request."""

    def do_GET(self) -> None:
        """Metadata or keys."""
        issuer = self.server
        issuer.fetched += self.path == "/keys"
        metadata = {"issuer": issuer.claimed, "jwks_uri": f"{issuer.url}/keys"}
        data = json.dumps(issuer.jwks() if self.path == "/keys" else metadata).encode()
        self.send_response(418 if issuer.down else 200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: object) -> None:
        """Nothing."""


@contextmanager
def issuing() -> Iterator[Issuer]:
    """An issuer at work."""
    issuer = Issuer()
    with serving(issuer):
        yield issuer
