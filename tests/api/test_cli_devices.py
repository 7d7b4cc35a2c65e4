"""`countermark device`: enrolled, enrolled again, challenged, revoked; a chip's file is private."""

import base64
import json
import os
import re

import numpy as np

from fingerprint.codeword import codeword_key
from fingerprint.puf import PROFILE, Silicon, enroll
from registry.store import open_registry
from tests.api.place import mode


def test_a_device_is_enrolled_and_its_key_comes_back(place):
    """The chip's file is private, made once, and gives the enrolled key from a fresh read-out."""
    chip = place.path / "edge-7.chip"
    enrolled = place.json("device", "enroll", "edge-7", "--silicon", chip)
    assert mode(chip) == 0o600
    again = place.json("device", "reproduce", "edge-7", "--silicon", chip)
    assert again == {"device": "edge-7", "identity": enrolled["identity"], "confirmed": True}
    place.json("device", "enroll", "edge-8", "--silicon", place.path / "edge-8.chip")
    place.run("device", "reproduce", "edge-7", "--silicon", place.path / "edge-8.chip", code=1)
    assert "another device" in place.stderr
    assert [row["name"] for row in place.json("device", "list")["items"]] == ["edge-7", "edge-8"]
    assert place.json("device", "revoke", "edge-8")["revoked_at"]
    assert "edge-8" in place.run("device", "list")


def test_a_device_proves_that_it_is_the_enrolled_one(place):
    """0 and a record in the log; 3 for another device's read-out, before and after revocation."""
    for name in ("edge-7", "edge-8"):
        place.json("device", "enroll", name, "--silicon", place.path / f"{name}.chip")
    asked = ("device", "prove", "edge-7", "--purpose", "exhibit 3", "--silicon")
    proven = place.json(*asked, place.path / "edge-7.chip")
    assert (proven["device"], proven["outcome"], proven["purpose"]) == ("edge-7", "proven", "exhibit 3")
    entry = base64.b64decode(place.json("log", "entry", proven["log"]["entry_index"])["data"])
    assert json.loads(entry)["outcome"] == "proven"
    assert b"exhibit" not in entry
    challenge = place.json("device", "challenge", proven["challenge_id"])
    assert (challenge["device"], challenge["possession"]["outcome"]) == ("edge-7", "proven")
    shown = place.run(*asked, place.path / "edge-7.chip")
    assert re.search(r"outcome +proven", shown)
    before = place.json("log", "checkpoint")["size"]
    place.json("device", "revoke", "edge-7")
    other = place.json(*asked, place.path / "edge-8.chip", code=3)
    assert (other["device"], other["outcome"]) == ("edge-7", "other-read-out")
    assert "another device" in place.run(*asked, place.path / "edge-8.chip", code=3)
    assert place.json(*asked, place.path / "edge-7.chip")["outcome"] == "proven"
    assert place.json("log", "audit")["entries"]["possession"] == 3
    assert place.json("log", "checkpoint")["size"] == before + 2
    assert not (place.path / "nothing.chip").exists()


def test_a_device_is_enrolled_again(place):
    """It finds its present key first; then the new one proves, and copies are still traced to it."""
    chip = place.path / "edge-7.chip"
    first = place.json("device", "enroll", "edge-7", "--silicon", chip)
    again = place.json("device", "reenroll", "edge-7", "--silicon", chip)
    assert (again["generation"], again["entry_index"]) == (1, first["entry_index"])
    assert again["possession_digest"] != first["possession_digest"]
    assert place.json("device", "reproduce", "edge-7", "--silicon", chip)["identity"] == again["identity"]
    assert place.json("device", "prove", "edge-7", "--silicon", chip)["enrolment_index"] == again["reenrolment_index"]
    place.json("device", "enroll", "edge-8", "--silicon", place.path / "edge-8.chip")
    place.run("device", "reenroll", "edge-7", "--silicon", place.path / "edge-8.chip", code=1)
    assert "another device" in place.stderr
    assert place.json("device", "show", "edge-7") == again


def test_a_device_without_a_public_key_is_told_what_to_do(place):
    """A device from before public keys were kept cannot prove itself; the command that the error names mends it."""
    chip = place.path / "edge-7.chip"
    made = enroll(
        Silicon.from_bytes(_chip(place, chip)).read(np.random.default_rng(1), reads=16),
        profile=PROFILE, entropy=os.urandom,
    )  # fmt: skip
    with open_registry(place.path / "data") as store, store.unit() as registry:
        tenant = registry.tenant("acme").id
        registry.enroll_device(
            tenant, "edge-7", helper_data=made.helper.to_bytes(), identity=made.identity,
            codeword_key=codeword_key(made.key),
        )  # fmt: skip
    place.run("device", "prove", "edge-7", "--silicon", chip, code=1)
    command = re.search(r"`countermark (device reenroll edge-7)`", place.stderr)[1]
    place.json(*command.split(), "--silicon", chip)
    assert place.json("device", "prove", "edge-7", "--silicon", chip)["outcome"] == "proven"


def _chip(place, path) -> bytes:
    place.json("device", "enroll", "somebody", "--silicon", path)
    return path.read_bytes()


def test_a_device_is_enrolled_by_measured_readouts(place):
    """An array of 0 and 1 from real hardware does as well; one that no PUF gives is refused."""
    noise = np.random.default_rng(5)
    chip = Silicon(kind="sram", secret=b"s" * 32, cells=PROFILE.cells)
    np.save(place.path / "reads.npy", chip.read(noise, reads=16))
    np.save(place.path / "fresh.npy", chip.read(noise, reads=1))
    np.save(place.path / "stuck.npy", np.zeros((16, PROFILE.cells), dtype=np.uint8))
    place.json("device", "enroll", "board-1", "--readouts", place.path / "reads.npy")
    assert place.json("device", "reproduce", "board-1", "--readouts", place.path / "fresh.npy")["confirmed"]
    place.run("device", "enroll", "board-2", "--readouts", place.path / "stuck.npy", code=1)
    assert place.json("device", "list")["items"][0]["name"] == "board-1"
