"""The outbound client: only allowed addresses, bounded answers, recorded exchanges; over real loopback sockets."""

import ipaddress
import json
import socket
import ssl
import threading
import time
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from typer.testing import CliRunner

from api.cli import app
from api.suspects.asking import Plan, ask_all
from api.suspects.errors import (
    AddressRefused,
    AnswerUnusable,
    BudgetSpent,
    RecordMismatch,
    SuspectMisbehaved,
    SuspectRefused,
    SuspectUnreachable,
)
from api.suspects.guard import Guard, resolve
from api.suspects.outbound import Asked, Bounds, Outbound
from api.suspects.remote import Remote
from api.suspects.suspect import Reply
from api.suspects.template import Template

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


@pytest.fixture
def suspect():
    """A running suspect."""
    server = Suspect()
    server.handle_error = lambda *args: None  # whoever is cut off in the middle of an endless answer
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def _outbound(*, allowed=LOOPBACK, resolver=resolve, **bounds: object) -> Outbound:
    return Outbound(
        guard=Guard(allowed=allowed, resolver=resolver),
        bounds=Bounds(**{"attempts": 2, "bytes": 1 << 20, "seconds": 20.0, **bounds}),
        sleep=lambda seconds: None,
    )


@pytest.fixture
def outbound():
    """A client that may call this machine."""
    client = _outbound()
    yield client
    client.close()


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.9.1", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "224.0.0.1", "255.255.255.255", "192.0.2.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:db8::1",
    ],
)  # fmt: skip
def test_no_private_address_is_called(address):
    """Loopback, private, link-local, shared, multicast and reserved ones, and IPv4 hidden in IPv6."""
    with pytest.raises(AddressRefused, match="--allow-network"):
        Guard().check(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34"])
def test_public_addresses_may_be_called(address):
    """Whatever their form."""
    assert Guard().check(address) == ipaddress.ip_address(address)


def test_only_the_network_that_is_allowed_is_allowed():
    """Allowing one private network opens no other."""
    guard = Guard(allowed=(ipaddress.ip_network("10.0.0.0/8"),))
    assert str(guard.check("10.1.2.3")) == "10.1.2.3"
    assert str(guard.check("::ffff:10.1.2.3")) == "::ffff:a01:203"
    with pytest.raises(AddressRefused):
        guard.check("127.0.0.1")


@pytest.mark.parametrize("host", ["127.1", "0x7f000001", "2130706433", "localhost", "[::1]", "[::ffff:127.0.0.1]"])
def test_other_ways_to_write_loopback_are_refused_too(suspect, host):
    """The address is checked after it was resolved, whatever the name looked like; nothing is sent."""
    client = _outbound(allowed=())
    with pytest.raises((AddressRefused, SuspectUnreachable)):
        client.ask(Asked(method="POST", url=f"http://{host}:{suspect.server_port}/good"))
    client.close()
    assert suspect.seen == []


def test_every_address_of_a_name_must_pass(suspect):
    """One private address among public ones is enough to refuse the name."""
    client = _outbound(allowed=(), resolver=lambda host, port: ["93.184.216.34", "127.0.0.1"])
    with pytest.raises(AddressRefused):
        client.ask(Asked(method="POST", url="http://models.example/"))
    client.close()


def test_a_name_that_changes_its_address_gains_nothing(suspect):
    """The connection goes to the address that was checked: the name is resolved once for each connection."""
    answers, asked = [["127.0.0.1"], ["10.0.0.1"]], []

    def rebinding(host, port) -> list[str]:
        asked.append(host)
        return answers[len(asked) - 1]

    client = _outbound(resolver=rebinding)
    url = f"http://models.example:{suspect.server_port}/good"
    exchange = client.ask(Asked(method="POST", url=url, body=b'{"instances": [[1, 2]]}'))
    client.close()
    assert exchange.address == f"127.0.0.1 port {suspect.server_port}"
    assert asked == ["models.example"]
    assert suspect.seen[0][1]["Host"] == f"models.example:{suspect.server_port}"


def test_an_exchange_is_recorded(suspect, outbound):
    """Digests, times, address and status; the credential is not in it."""
    body = b'{"instances": [[1, 2]]}'
    asked = Asked(method="POST", url=f"{suspect.url}/good", body=body, headers={"Authorization": "Bearer hush"})
    exchange = outbound.ask(asked)
    record = exchange.record()
    assert record["status"] == 200
    assert str(record["request_digest"]).startswith("sha256:")
    assert record["certificate"] is None
    assert suspect.seen[0][1]["Authorization"] == "Bearer hush"
    assert "hush" not in json.dumps(record)


def _certificate() -> tuple[bytes, bytes, x509.Certificate]:
    """A certificate of 127.0.0.1, signed by itself; PEM of it and of its key."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return made.public_bytes(serialization.Encoding.PEM), pem, made


def test_the_certificate_is_checked_and_recorded(suspect, tmp_path):
    """An unknown one is refused; of a known one the record has the digest."""
    certificate, key, made = _certificate()
    (tmp_path / "pem").write_bytes(key + certificate)
    offering = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    offering.load_cert_chain(tmp_path / "pem")
    suspect.socket = offering.wrap_socket(suspect.socket, server_side=True)
    asked = Asked(method="POST", url=f"https://127.0.0.1:{suspect.server_port}/good", body=b'{"instances": [[1, 2]]}')
    refusing = _outbound()
    with pytest.raises(SuspectUnreachable, match="CERTIFICATE_VERIFY_FAILED"):
        refusing.ask(asked)
    refusing.close()
    trusting = Outbound(
        guard=Guard(allowed=LOOPBACK), bounds=Bounds(), tls=ssl.create_default_context(cadata=certificate.decode())
    )
    exchange = trusting.ask(asked)
    trusting.close()
    assert exchange.certificate == "sha256:" + made.fingerprint(hashes.SHA256()).hex()
    assert exchange.address == f"127.0.0.1 port {suspect.server_port}"


def test_a_busy_suspect_is_asked_again(suspect, outbound):
    """As often as allowed, and no more."""
    asked = Asked(method="POST", url=f"{suspect.url}/good", body=b'{"instances": [[1, 2]]}')
    suspect.failures = 1
    assert outbound.ask(asked).status == 200
    suspect.failures = 2
    with pytest.raises(SuspectUnreachable, match="2 attempts"):
        outbound.ask(asked)


@pytest.mark.parametrize(
    ("path", "error", "says"),
    [
        ("/missing", SuspectRefused, "404"),
        ("/endless", SuspectMisbehaved, "bytes"),
        ("/gzip", SuspectMisbehaved, "compresses"),
        ("/nobody", SuspectUnreachable, "attempts"),
        ("/to/http://10.0.0.1/", AddressRefused, "public"),
        ("/to/file:///etc/passwd", SuspectMisbehaved, "HTTP"),
        ("/to/http://u:p@127.0.0.1/", SuspectMisbehaved, "user"),
        ("/to/", SuspectMisbehaved, "redirects"),
    ],
)
def test_a_suspect_that_misbehaves_is_one_clear_error(suspect, outbound, path, error, says):
    """Refusals, floods, compression, silence and redirects astray."""
    with pytest.raises(error, match=says):
        outbound.ask(Asked(method="POST", url=suspect.url + path))


def test_redirects_are_followed_a_few_times_without_the_credential_to_others(suspect, outbound):
    """Another origin gets the body and no token; a circle ends."""
    other = f"http://localhost:{suspect.server_port}/good"
    asked = Asked(
        method="POST", url=f"{suspect.url}/to/{other}", body=b'{"instances": [[1, 2]]}', headers={"Authorization": "x"}
    )
    assert outbound.ask(asked).url == other
    assert ["Authorization" in headers for _, headers, _ in suspect.seen] == [True, False]
    with pytest.raises(SuspectMisbehaved, match="more than 3"):
        outbound.ask(Asked(method="POST", url=f"{suspect.url}/circle"))


def test_an_answer_that_drips_is_given_up(suspect):
    """The clock of the whole answer decides, not that of each byte."""
    now = iter(range(0, 1000, 30))
    client = Outbound(guard=Guard(allowed=LOOPBACK), bounds=Bounds(seconds=50), clock=lambda: float(next(now)))
    with pytest.raises(SuspectMisbehaved, match="seconds"):
        client.ask(Asked(method="POST", url=f"{suspect.url}/endless"))
    client.close()


@pytest.mark.parametrize("path", ["/dripping-head", "/early"])
def test_a_head_that_never_ends_is_given_up(suspect, path):
    """Headers that drip, and early answers without a last one: the clock runs from the first byte sent."""
    now = iter(range(0, 10**6, 30))  # half a minute at every look at the clock, however busy the machine is
    client = Outbound(guard=Guard(allowed=LOOPBACK), bounds=Bounds(seconds=1000), clock=lambda: float(next(now)))
    with pytest.raises(SuspectMisbehaved, match="1000 seconds"):
        client.ask(Asked(method="POST", url=suspect.url + path))
    client.close()


@contextmanager
def listening(serve):
    """The port of a server of one connection, and what it counts; it ends with the connection."""
    counted = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def work():
            connection, _ = server.accept()
            with connection, suppress(OSError):
                serve(connection, counted)

        thread = threading.Thread(target=work)
        thread.start()
        yield server.getsockname()[1], counted
        thread.join()


def drip_handshake(connection, counted):
    """A TLS record of 16 KiB, a byte at a time."""
    connection.sendall(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc")
    while len(counted) < DRIPS:
        connection.sendall(b"\x00")
        counted.append(1)
        time.sleep(0.01)


def drip_reading(connection, counted):
    """A request that is taken in small parts, and answered when it is whole."""
    while len(counted) < DRIPS and connection.recv(PART, socket.MSG_WAITALL):
        counted.append(1)
        time.sleep(0.01)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")


DRIPS, PART = 250, 1 << 16


@pytest.mark.parametrize(("scheme", "serve"), [("https", drip_handshake), ("http", drip_reading)])
def test_a_drip_before_the_answer_is_given_up(scheme, serve):
    """A handshake that drips, and a request that is read in drips: the clock of the whole ends both before they do."""
    with listening(serve) as (port, counted):
        client = Outbound(guard=Guard(allowed=LOOPBACK), bounds=Bounds(seconds=0.3, attempts=1))
        with pytest.raises((SuspectMisbehaved, SuspectUnreachable)):
            client.ask(Asked(method="POST", url=f"{scheme}://127.0.0.1:{port}/", body=bytes(DRIPS * PART)))
        client.close()
    assert 0 < len(counted) < DRIPS


def test_requests_keep_their_distance(suspect):
    """At most so many a second, by waiting before the next one."""
    waits = []
    bounds = Bounds(interval=100.0)
    client = Outbound(guard=Guard(allowed=LOOPBACK), bounds=bounds, sleep=waits.append)
    for _ in range(2):
        client.ask(Asked(method="POST", url=f"{suspect.url}/good", body=b'{"instances": [[1, 2]]}'))
    client.close()
    assert len(waits) == 1
    assert 0 < waits[0] <= 100


PROBES = np.random.default_rng(2).normal(size=(10, 3)).astype(np.float32)


def _remote(suspect, outbound, **fields: object) -> Remote:
    return Remote(endpoint=_endpoint(suspect, **fields), outbound=outbound)


def _endpoint(suspect, path="/good", answers="/predictions") -> Template:
    fields = {"url": suspect.url + path, "body": {"instances": "$probes"}, "answers": answers}
    return Template.from_bytes(json.dumps(fields).encode())


def test_all_probes_are_asked_and_recorded(suspect, outbound, tmp_path):
    """In batches, in order; the record holds each exchange."""
    record = tmp_path / "record.jsonl"
    parts = list(ask_all(_remote(suspect, outbound), PROBES, record=record, plan=Plan(batch=4)))
    np.testing.assert_allclose(np.concatenate(parts)[:, 0], PROBES.astype(float).sum(axis=1))
    lines = [json.loads(line) for line in record.read_text().splitlines()]
    assert [line["start"] for line in lines[1:]] == [0, 4, 8]
    assert all(line["exchange"]["status"] == 200 for line in lines[1:])


def test_a_run_goes_on_where_it_stopped(suspect, outbound, tmp_path):
    """Nothing is asked twice, not even after a line that a crash cut short."""
    record = tmp_path / "record.jsonl"
    with pytest.raises(BudgetSpent, match="--budget"):
        list(ask_all(_remote(suspect, outbound), PROBES, record=record, plan=Plan(batch=4, budget=8)))
    assert len(suspect.seen) == 2
    with record.open("a") as stream:
        stream.write('{"start": 8, "answ')
    parts = list(ask_all(_remote(suspect, outbound), PROBES, record=record, plan=Plan(batch=4)))
    assert len(suspect.seen) == 3
    np.testing.assert_allclose(np.concatenate(parts)[:, 0], PROBES.astype(float).sum(axis=1))
    list(ask_all(_remote(suspect, outbound), PROBES, record=record, plan=Plan(batch=4)))
    assert len(suspect.seen) == 3


def test_asking_stops_when_its_time_is_up(suspect, outbound, tmp_path):
    """And goes on when it is asked again."""
    record, now = tmp_path / "record.jsonl", iter(range(0, 1000, 10))
    plan = Plan(batch=4, seconds=15)
    with pytest.raises(BudgetSpent, match="4 probes are asked after 15 seconds"):
        list(ask_all(_remote(suspect, outbound), PROBES, record=record, plan=plan, clock=lambda: next(now)))
    assert len(list(ask_all(_remote(suspect, outbound), PROBES, record=record, plan=plan))) == 3
    assert len(suspect.seen) == 3


def test_two_runs_cannot_write_one_record(suspect, outbound, tmp_path):
    """The second is told; the first goes on."""
    record = tmp_path / "record.jsonl"
    first = ask_all(_remote(suspect, outbound), PROBES, record=record, plan=Plan(batch=4))
    next(first)
    with pytest.raises(RecordMismatch, match="another run"):
        list(ask_all(_remote(suspect, outbound), PROBES, record=record, plan=Plan(batch=4)))
    assert len(list(first)) == 2


def test_a_suspect_that_never_answered_leaves_no_record(suspect, outbound, tmp_path):
    """So that another may be asked instead."""
    record = tmp_path / "record.jsonl"
    with pytest.raises(SuspectRefused):
        list(ask_all(_remote(suspect, outbound, path="/missing"), PROBES, record=record, plan=Plan(batch=4)))
    assert record.read_bytes() == b""
    assert len(list(ask_all(_remote(suspect, outbound), PROBES, record=record, plan=Plan(batch=4)))) == 3


def test_a_record_of_something_else_is_refused(suspect, outbound, tmp_path):
    """Other probes, another suspect, another batch size, another kind of file."""
    record = tmp_path / "record.jsonl"
    list(ask_all(_remote(suspect, outbound), PROBES, record=record, plan=Plan(batch=4)))
    for endpoint, probes, plan in (
        (_remote(suspect, outbound), PROBES + 1, Plan(batch=4)),
        (_remote(suspect, outbound, answers="/p"), PROBES, Plan(batch=4)),
        (_remote(suspect, outbound), PROBES, Plan(batch=5)),
    ):
        with pytest.raises(RecordMismatch):
            list(ask_all(endpoint, probes, record=record, plan=plan))
    whole = record.read_text()
    for spoilt in ("nonsense\n", "[]\n", whole + whole.splitlines()[1] + "\n"):
        record.write_text(spoilt)
        with pytest.raises(RecordMismatch):
            list(ask_all(_remote(suspect, outbound), PROBES, record=record, plan=Plan(batch=4)))


def test_answers_of_changing_width_are_refused(tmp_path):
    """One model answers in one shape."""

    class Changing:
        """A suspect whose answers grow."""

        identity, at_once, width = "changing", None, 0

        def ask(self, batch) -> Reply:
            """Wider each time."""
            self.width += 1
            return Reply(answers=np.zeros((len(batch), self.width)), exchange={})

    with pytest.raises(AnswerUnusable, match="one model"):
        list(ask_all(Changing(), PROBES, record=tmp_path / "r", plan=Plan(batch=4)))


def test_the_command_asks_and_verify_weighs(suspect, place, tmp_path, world):
    """From an open case to answers in a file; private networks need a word from the operator."""
    (place.path / "pack").write_bytes(world.pack.to_bytes())
    place.json("release", "create", "digits-1", "--pack", place.path / "pack")
    case = place.json("case", "open", "--release", "digits-1")["id"]
    template = {"url": f"{suspect.url}/good", "body": {"instances": "$probes"}, "answers": "/predictions"}
    (place.path / "t.json").write_text(json.dumps(template))
    args = ("ask", "--case", case, "--template", place.path / "t.json", "--record", place.path / "r.jsonl")
    place.run(*args, "--out", place.path / "o.npz", code=1)
    assert "--allow-network" in place.stderr
    asked = place.json(*args, "--out", place.path / "o.npz", "--allow-network", "127.0.0.0/8", "--per-second", 10000)
    assert asked["answers"] == [400, 2]
    assert asked["looks_like"] == "logits"
    place.run("verify", "--case", case, "--outputs", place.path / "o.npz", "--kind", "logits", code=1)
    assert "(400, 2)" in place.stderr
    place.run(*args, "--out", place.path / "p.npz", "--allow-network", "nonsense", code=2)
    wrong = CliRunner().invoke(app, ["ask", "--case", case, "--record", "r", "--out", "o", "--oip", "http://x.example"])
    assert wrong.exit_code == 2
