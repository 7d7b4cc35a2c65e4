"""From a commitment by way of its copies to a verdict, command by command, on a data directory."""

import json

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load as load_safetensors

from fingerprint import canonical
from fingerprint.commitment import Commitment
from tests.api.place import mode, ship


@pytest.fixture
def shipped(place, world):
    """A release of its own for one test."""
    return ship(place, world)


def test_a_minted_copy_changes_the_last_layer_only(shipped, world):
    """Weight and bias of the head move by about the strength; the rest and the metadata are carried over."""
    copy = (shipped.path / "edge-0.safetensors").read_bytes()
    tensors, base = load_safetensors(copy), load_safetensors(world.base)
    np.testing.assert_array_equal(tensors["other.weight"], base["other.weight"])
    assert not np.array_equal(tensors["fc.weight"], base["fc.weight"])
    with safe_open(shipped.path / "edge-0.safetensors", framework="numpy") as opened:
        metadata = opened.metadata()
    assert metadata["made by"] == "a test"
    provenance = json.loads(metadata["countermark.copy"])
    listed = shipped.json("copy", "list", "--release", "digits-1")["items"]
    assert provenance["copy"] == listed[0]["id"]
    assert provenance["release"] == world.pack.release_id
    assert "edge-0" not in metadata["countermark.copy"]
    assert [row["method"] for row in listed] == ["minted", "minted"]
    assert mode(next((shipped.path / "data" / "kits").iterdir())) == 0o600


def test_a_commitment_can_be_printed(place, world):
    """Files of the reference models by digest, and looks; what is printed hashes to what the log says."""
    (place.path / "pack").write_bytes(world.pack.to_bytes())
    (place.path / "clean").write_bytes(b"the file of a clean student")
    terms = ("--reference", place.path / "clean", "--first-look", 40)
    made = place.json("release", "create", "digits-1", "--pack", place.path / "pack", *terms)
    printed = place.run("release", "commitment", "digits-1").encode()
    assert canonical.digest(printed) == made["commitment_digest"]
    shown = place.json("release", "commitment", "digits-1")
    assert (shown["digest"], shown["code_unchanged"]) == (made["commitment_digest"], True)
    committed = Commitment.from_bytes(printed)
    assert committed.reference_models == (canonical.digest(b"the file of a clean student"),)
    assert committed.plan.looks[0].probes == 40


def test_a_leaked_copy_is_named_and_a_stranger_is_not(shipped, world):
    """Exit code 0 and the device for a copy; 3 and nobody for a clean model; the log audits."""
    tensors = load_safetensors((shipped.path / "edge-1.safetensors").read_bytes())
    leaked = world.pack.probes @ tensors["fc.weight"].T + tensors["fc.bias"]
    np.savez(shipped.path / "leaked.npz", outputs=leaked)
    noise = np.random.default_rng(5).normal(size=leaked.shape)
    np.savez(shipped.path / "clean.npz", outputs=world.clean(world.pack.probes) + 0.1 * noise)
    args = ("verify", "--release", "digits-1", "--kind", "logits", "--outputs")
    verdict = shipped.json(*args, shipped.path / "leaked.npz", "--suspect", "model at example.com")
    assert verdict["named"] == ["edge-1"]
    assert shipped.json(*args, shipped.path / "clean.npz", code=3)["named"] == []
    table = shipped.run(*args, shipped.path / "leaked.npz")
    assert "edge-1" in table
    assert verdict["does_not_prove"][0] in table
    audit = shipped.json("log", "audit")
    assert audit["audited"]
    assert audit["size"] == 2 + 1 + 2 * 2 + 3  # enrolments, commitment, reservations and issues, verdicts


def test_probes_open_a_case_that_verify_decides(shipped, world):
    """An investigator's two commands, with a file in between."""
    out = shipped.path / "probes.npz"
    opened = shipped.json("probes", "--release", "digits-1", "--out", out, "--suspect", "a copy")
    with np.load(out) as file:
        probes = file["probes"]
    np.savez(shipped.path / "answers.npz", outputs=world.clean(probes).argmax(axis=1))
    sent = ("verify", "--case", opened["case"], "--kind", "labels", "--outputs", shipped.path / "answers.npz")
    assert shipped.json(*sent, code=3)["case_id"] == opened["case"]
    shipped.run(*sent, code=1)
    assert "has its verdict" in shipped.stderr
    shipped.json("probes", "--case", opened["case"], "--out", shipped.path / "again.safetensors")
    np.testing.assert_array_equal(load_safetensors((shipped.path / "again.safetensors").read_bytes())["probes"], probes)


def test_a_copy_distilled_elsewhere_is_reserved_and_registered(shipped):
    """The codeword goes to a private file; the finished file is registered by its digest."""
    codeword = shipped.path / "codeword.npy"
    reserved = shipped.json(
        "copy", "reserve", "--release", "digits-1", "--device", "edge-0", "--codeword-out", codeword
    )
    assert mode(codeword) == 0o600
    assert set(np.load(codeword).tolist()) == {-1, 1}
    assert len(np.load(codeword)) == reserved["bits"]
    (shipped.path / "student.bin").write_bytes(b"weights")
    issued = shipped.json(
        "copy", "issue", "--copy", reserved["copy_id"], "--artefact", shipped.path / "student.bin",
        "--method", "distilled",
    )  # fmt: skip
    assert (issued["method"], issued["id"]) == ("distilled", reserved["copy_id"])
    assert shipped.json("copy", "show", issued["id"]) == issued
    assert shipped.json("copy", "find", shipped.path / "student.bin")["items"] == [issued]
    assert issued["id"] in shipped.run("copy", "find", shipped.path / "student.bin")
    more = shipped.json("copy", "reserve", "--release", "digits-1", "--device", "edge-1", "--codeword-out",
                        shipped.path / "other.npy")  # fmt: skip
    shipped.json("copy", "issue", "--copy", more["copy_id"], "--artefact", shipped.path / "student.bin",
                 "--method", "distilled")  # fmt: skip
    first = shipped.json("copy", "find", shipped.path / "student.bin", "--limit", 1)
    second = shipped.json("copy", "find", shipped.path / "student.bin", "--limit", 1, "--after", first["next"])
    assert [page["items"][0]["id"] for page in (first, second)] == [issued["id"], more["copy_id"]]
    assert second["next"] is None
