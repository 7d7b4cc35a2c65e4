"""The outbound client: only allowed addresses, bounded answers, recorded exchanges; over real loopback sockets."""

import ipaddress
import json
import socket
import ssl
import threading
import time
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from api.suspects.errors import AddressRefused, SuspectMisbehaved, SuspectRefused, SuspectUnreachable
from api.suspects.guard import Guard
from api.suspects.outbound import Asked, Bounds, Outbound
from tests.api.suspects.suspect_server import LOOPBACK, outbound_of


@pytest.mark.parametrize("host", ["127.1", "0x7f000001", "2130706433", "localhost", "[::1]", "[::ffff:127.0.0.1]"])
def test_other_ways_to_write_loopback_are_refused_too(suspect, host):
    """The address is checked after it was resolved, whatever the name looked like; nothing is sent."""
    client = outbound_of(allowed=())
    with pytest.raises((AddressRefused, SuspectUnreachable)):
        client.ask(Asked(method="POST", url=f"http://{host}:{suspect.server_port}/good"))
    client.close()
    assert suspect.seen == []


def test_every_address_of_a_name_must_pass(suspect):
    """One private address among public ones is enough to refuse the name."""
    client = outbound_of(allowed=(), resolver=lambda host, port: ["93.184.216.34", "127.0.0.1"])
    with pytest.raises(AddressRefused):
        client.ask(Asked(method="POST", url="http://models.example/"))
    client.close()


def test_a_name_that_changes_its_address_gains_nothing(suspect):
    """The connection goes to the address that was checked: the name is resolved once for each connection."""
    answers, asked = [["127.0.0.1"], ["10.0.0.1"]], []

    def rebinding(host, port) -> list[str]:
        asked.append(host)
        return answers[len(asked) - 1]

    client = outbound_of(resolver=rebinding)
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
    refusing = outbound_of()
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


RECORD, DRIPS, PART = 1 << 14, 250, 1 << 16


def drip_handshake(connection, counted):
    """A TLS record of 16 KiB, a byte at a time."""
    connection.sendall(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc")
    while len(counted) < RECORD:
        connection.sendall(b"\x00")
        counted.append(1)
        time.sleep(0.01)


def test_a_handshake_that_drips_is_given_up():
    """Python's own clock, which cannot be set, ends it minutes before its record is whole."""
    with listening(drip_handshake) as (port, counted):
        client = Outbound(guard=Guard(allowed=LOOPBACK), bounds=Bounds(seconds=0.3, attempts=1))
        with pytest.raises((SuspectMisbehaved, SuspectUnreachable)):
            client.ask(Asked(method="POST", url=f"https://127.0.0.1:{port}/"))
        client.close()
    assert len(counted) < RECORD


def drip_reading(connection, counted):
    """A request that is taken in small parts, and answered when it is whole."""
    while len(counted) < DRIPS and connection.recv(PART, socket.MSG_WAITALL):
        counted.append(1)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")


def test_a_request_that_is_read_in_drips_is_given_up():
    """Each part takes a minute by the clock, which ends it after ten; what was on its way may arrive after that."""
    with listening(drip_reading) as (port, counted):
        clock = lambda: 60.0 * len(counted)  # noqa: E731 - a name for a line
        client = Outbound(guard=Guard(allowed=LOOPBACK), bounds=Bounds(seconds=600, attempts=1), clock=clock)
        with pytest.raises(SuspectMisbehaved, match="600 seconds"):
            client.ask(Asked(method="POST", url=f"http://127.0.0.1:{port}/", body=bytes(DRIPS * PART)))
        client.close()
    assert len(counted) >= 10


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
