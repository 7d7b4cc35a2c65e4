"""The log as static files over HTTP: what C2SP tlog-tiles demands of addresses, content types, caches and coding."""

import gzip

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.settings import Settings
from api.tlog_files import TlogFiles
from registry.errors import LogUnreachable
from registry.log import tree
from registry.log.checkpoint import open_checkpoint
from registry.log.monitor import monitor
from registry.log.note import Ed25519Verifier
from registry.log.tiles import decode_bundle
from registry.store import open_registry

ENTRIES = 300


@pytest.fixture(scope="module")
def filled(tmp_path_factory, template, new_place):
    """A data directory whose log has 300 entries, signed at 40 and at 300."""
    place = new_place(tmp_path_factory.mktemp("tlog"), template)
    with open_registry(place.path / "data") as store:
        for numbers in (range(40), range(40, ENTRIES)):
            with store.unit() as registry:
                tenant = registry.tenant("acme").id
                for number in numbers:
                    registry.enroll_device(
                        tenant, f"edge-{number}", helper_data=b"h", identity="0f" * 32, codeword_key=bytes(32)
                    )
    return place.path / "data"


@pytest.fixture(scope="module")
def web(filled):
    """The service, its log public."""
    with TestClient(create_app(Settings(data=filled, public_log=True))) as client:
        client.headers["Accept-Encoding"] = "identity"
        yield client


@pytest.fixture(scope="module")
def verifier(filled):
    """The log's public key."""
    return Ed25519Verifier.from_vkey((filled / "log.pub").read_text())


def test_the_checkpoint_is_a_note_that_no_cache_keeps(web, verifier):
    """`<prefix>/checkpoint`: text in UTF-8, signed by the log, not kept beyond a few seconds."""
    answer = web.get("/tlog/checkpoint")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    assert open_checkpoint(answer.text, verifier).size == ENTRIES


@pytest.mark.parametrize(
    ("path", "hashes"),
    [("0/000", 256), ("0/001.p/44", 44), ("1/000.p/1", 1), ("0/000.p/40", 40), ("0/001.p/1", 1)],
)
def test_tiles_of_hashes_never_change(web, path, hashes):
    """Full tiles, and partial ones of every size that was signed: octets that a cache may keep, never compressed."""
    answer = web.get(f"/tlog/tile/{path}", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-type"] == "application/octet-stream"
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["cache-control"].startswith("public")
    assert "content-encoding" not in answer.headers
    assert len(answer.content) == 32 * hashes


@pytest.mark.parametrize(
    "path",
    [
        "0/002", "0/001", "0/001.p/45", "1/000", "1/000.p/2", "2/000.p/1", "0/000.p/0", "0/000.p/256", "0/0", "64/000",
        "00/000", "0/x000/000", "entries/001", "entries/001.p/45", "entries/x001/x234/067", "data/000", "0/000/", "",
    ],
)  # fmt: skip
def test_nothing_else_is_there(web, path):
    """Empty tiles, tiles beyond the checkpoint, and other spellings of a path are 404, as missing files are."""
    assert web.get(f"/tlog/tile/{path}").status_code == 404


@pytest.mark.parametrize(
    ("accepted", "coded"),
    [("gzip", True), ("gzip, identity", True), ("*", True), ("identity", False), ("gzip;q=0", False), ("br", False)],
)
def test_entries_are_compressed_for_whoever_accepts_it(web, accepted, coded):
    """A bundle is the same bytes with and without gzip, and caches are told what the answer depends on."""
    with web.stream("GET", "/tlog/tile/entries/000", headers={"Accept-Encoding": accepted}) as answer:
        raw = b"".join(answer.iter_raw())
        assert ("content-encoding" in answer.headers) is coded
        assert answer.headers["vary"] == "Accept-Encoding"
        assert answer.headers["content-type"] == "application/octet-stream"
    bundle = gzip.decompress(raw) if coded else raw
    assert bundle == web.get("/tlog/tile/entries/000").content
    assert len(decode_bundle(bundle)) == 256


def test_entries_hash_to_their_tile(web):
    """Each entry of a bundle is the leaf at its place in the tile of level 0."""
    for path in ("000", "001.p/44"):
        leaves = b"".join(map(tree.leaf_hash, decode_bundle(web.get(f"/tlog/tile/entries/{path}").content)))
        assert leaves == web.get(f"/tlog/tile/0/{path}").content


def test_a_monitor_needs_no_key_where_the_log_is_public(web, verifier):
    """A monitor audits the whole log over HTTP, with the log's public key and nothing else."""
    report = monitor(TlogFiles("http://testserver", http=web), lambda note: open_checkpoint(note, verifier))
    assert (report.size, report.entries, report.tiles) == (ENTRIES, {"enrolment": ENTRIES}, 3)


def test_a_log_that_is_not_public_is_read_with_a_key(service):
    """Otherwise a key is needed, shared caches keep nothing, and the monitor says what was answered."""
    with pytest.raises(LogUnreachable, match="401"):
        TlogFiles("http://testserver", http=service.web)("checkpoint")
    files = TlogFiles("http://testserver", token=service.tokens["acme"]["audit"], http=service.web)
    assert files("checkpoint").startswith(b"countermark.invalid/log/")


def test_a_monitor_asks_again_and_gives_up(web):
    """A busy service is asked four times; an answer larger than a file can be is refused."""
    waits = []
    files = TlogFiles("http://127.0.0.1:1", sleep=waits.append)
    with files, pytest.raises(LogUnreachable):
        files("checkpoint")
    assert waits == [0.25, 0.5, 1.0, 2.0]


def test_strangers_are_counted_by_address(filled):
    """Without keys the limit is for each address."""
    settings = Settings(data=filled, public_log=True, rate_calls="2/day")
    with TestClient(create_app(settings)) as client:
        answers = [client.get("/tlog/checkpoint").status_code for _ in range(3)]
    assert answers == [200, 200, 429]
