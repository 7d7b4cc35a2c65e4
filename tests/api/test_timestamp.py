"""Time stamps from the command line and over HTTP."""

import json
import os

import pytest
from typer.testing import CliRunner

from api.cli import app
from api.evidence import TimeStamp
from registry.log.timestamp import Authorities, verify


@pytest.fixture
def roots(place, authority):
    """The authority's root certificate in a file."""
    (place.path / "roots.pem").write_bytes(authority.roots)
    return place.path / "roots.pem"


def test_a_release_is_committed_and_stamped(place, world, tsa, roots, authority):
    """One command commits and dates; the stamp is found by the entry, verified offline, and readable by OpenSSL."""
    (place.path / "pack").write_bytes(world.pack.to_bytes())
    pack = ("--pack", place.path / "pack")
    made = place.json("release", "create", "digits-1", *pack, "--timestamp", tsa, "--tsa-roots", roots)
    entry = made["entry_index"]
    listed = place.json("timestamp", "list", entry, "--tsa-roots", roots)["items"]
    assert [row["verified"] for row in listed] == [True]
    assert listed[0]["size"] > entry
    assert "True" in place.run("timestamp", "list", entry, "--tsa-roots", roots)
    saved = ("--out", place.path / "stamp.tsr", "--text", place.path / "checkpoint.txt")
    place.json("timestamp", "save", entry, *saved)
    assert authority.verifies(place.path / "stamp.tsr", place.path / "checkpoint.txt")


def test_the_newest_checkpoint_is_stamped(place, tsa, roots, authority):
    """With the authority pinned by its own certificate; a later entry has no stamp yet."""
    place.json("device", "enroll", "edge-7", "--silicon", place.path / "a.chip")
    (place.path / "tsa.pem").write_bytes(authority.certificate)
    pinned = ("--tsa-roots", roots, "--tsa-certificate", place.path / "tsa.pem")
    stamped = place.json("timestamp", "add", tsa, *pinned)
    assert (stamped["verified"], stamped["size"]) == (True, 1)
    assert place.json("log", "audit", "--tsa-roots", roots)["timestamps"] == 1
    place.json("device", "enroll", "edge-8", "--silicon", place.path / "b.chip")
    assert place.json("timestamp", "list", 1)["items"] == []
    place.run("timestamp", "save", 1, "--out", place.path / "x", "--text", place.path / "y", code=1)
    assert "countermark timestamp add" in place.stderr


def test_what_is_not_that_authoritys_is_refused(place, tsa, roots, other_authority):
    """Another root: nothing is stored on `add`, and what is stored is not verified on `list`."""
    (place.path / "others.pem").write_bytes(other_authority.roots)
    place.run("timestamp", "add", tsa, "--tsa-roots", place.path / "others.pem", code=1)
    assert "given authority" in place.stderr
    place.json("device", "enroll", "edge-7", "--silicon", place.path / "a.chip")
    assert place.json("timestamp", "list", 0)["items"] == []
    place.json("timestamp", "add", tsa, "--tsa-roots", roots)
    place.run("timestamp", "list", 0, "--tsa-roots", place.path / "others.pem", code=1)
    assert "given authority" in place.stderr
    place.run("timestamp", "list", 0, "--tsa-certificate", roots, code=2)


def test_stamps_are_served(released, tsa, authority, served, tmp_path):
    """Over HTTP with the scope audit; `release create --timestamp` against a service is refused before anything."""
    service = released.service
    client = service.client("audit")
    assert client.timestamps(0).items == []
    environment = {"COUNTERMARK_DATA": str(service.data), "COUNTERMARK_TENANT": "acme"}
    assert CliRunner().invoke(app, ["timestamp", "add", tsa], env=environment).exit_code == 0
    (stamp,) = client.timestamps(0).items
    assert isinstance(stamp, TimeStamp)
    trusted = Authorities.from_pem(authority.roots)
    assert verify(stamp.token, stamp.checkpoint.note, trusted) == stamp.stamped_at
    assert service.web.get("/v1/log/entries/0/timestamps").status_code == 401
    assert service.web.get("/v1/log/entries/999/timestamps", headers=service.auth("audit")).status_code == 404
    before = service.log_size()
    remote = {"COUNTERMARK_SERVER": served, "COUNTERMARK_TOKEN": service.tokens["acme"]["all"]}
    (tmp_path / "pack").write_bytes(released.world.pack.to_bytes())
    command = ["release", "create", "digits-2", "--pack", str(tmp_path / "pack"), "--timestamp", tsa]
    done = CliRunner().invoke(app, command, env={**os.environ, **remote, "COUNTERMARK_DATA": ""})
    assert done.exit_code == 2
    assert service.log_size() == before
    listed = CliRunner().invoke(app, ["timestamp", "list", "0", "--json"], env={**remote, "COUNTERMARK_DATA": ""})
    assert json.loads(listed.stdout)["items"][0]["size"] == stamp.checkpoint.size


def test_stamps_are_listed_page_by_page(place, tsa):
    """`--limit` and `--after`; the earliest is the first, and the one that is saved."""
    place.json("device", "enroll", "edge-7", "--silicon", place.path / "a.chip")
    sizes = [place.json("timestamp", "add", tsa)["size"]]
    place.json("device", "enroll", "edge-8", "--silicon", place.path / "b.chip")
    sizes += [place.json("timestamp", "add", tsa)["size"]]
    first = place.json("timestamp", "list", 0, "--limit", 1)
    second = place.json("timestamp", "list", 0, "--limit", 1, "--after", first["next"])
    assert [page["items"][0]["size"] for page in (first, second)] == sizes
    assert second["next"] is None
    assert first["next"] in place.run("timestamp", "list", 0, "--limit", 1)
