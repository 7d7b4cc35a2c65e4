"""`countermark ci`: the release step of a pipeline, and that it can be run again after any failure."""

import base64
import json
from pathlib import Path

import pytest

from api import artefacts, provenance
from api.artefacts import ArtefactError
from api.commands.minting import Minter
from api.workspace import Workspace
from fingerprint.canonical import digest
from registry.log.tree import verify_inclusion
from registry.store import open_registry


@pytest.fixture
def ready(place, world):
    """Devices enrolled and files in place; the arguments of the command."""
    path = place.path
    for name, data in {"p": world.pack.to_bytes(), "k": world.kit.to_bytes(), "b": world.base}.items():
        (path / name).write_bytes(data)
    for name in ("edge-0", "edge-1"):
        place.json("device", "enroll", name, "--silicon", path / f"{name}.chip")
    args = ["ci", "digits-1", "--pack", path / "p", "--kit", path / "k", "--base", path / "b", "--out", path / "out"]
    return place, [*args, "--device", "edge-0", "--device", "edge-1"]


def test_a_release_goes_out_with_its_proofs(ready):
    """A copy for each device, a manifest whose proofs lead to the signed root, a summary for people."""
    place, args = ready
    manifest = place.json(*args, "--summary", place.path / "summary.md")
    assert manifest == json.loads((place.path / "out" / "countermark.json").read_text())
    for entry in manifest["copies"]:
        data = (place.path / "out" / f"{entry['device']}.safetensors").read_bytes()
        assert digest(data) == entry["artefact_digest"]
        assert provenance.read(data)["copy"] == entry["copy"]
    size, root = manifest["checkpoint"].splitlines()[1:3]
    for proof in (manifest["proof"], *(entry["proof"] for entry in manifest["copies"])):
        assert proof["size"] == int(size)
        hashes = [base64.b64decode(text) for text in proof["hashes"]]
        leaf = base64.b64decode(proof["leaf_hash"])
        verify_inclusion(leaf, proof["index"], proof["size"], hashes, base64.b64decode(root))
    committed = place.json("release", "commitment", manifest["release"])["commitment"]
    assert committed["reference_models"] == [digest(Path(args[args.index("--base") + 1]).read_bytes())]
    summary = (place.path / "summary.md").read_text()
    assert "edge-1" in summary
    assert manifest["release_id"] in summary
    assert "edge-0" in place.run(*args)


def test_a_second_run_changes_nothing(ready):
    """What is done stays done; a new device is added."""
    place, args = ready
    first = place.json(*args)
    size = place.json("log", "checkpoint")["size"]
    assert [c["copy"] for c in place.json(*args)["copies"]] == [c["copy"] for c in first["copies"]]
    assert place.json("log", "checkpoint")["size"] == size
    place.json("device", "enroll", "edge-2", "--silicon", place.path / "edge-2.chip")
    assert len(place.json(*args, "--device", "edge-2")["copies"]) == 3


def test_a_run_that_died_before_registering_is_taken_up(ready, world):
    """The file names its copy; the next run issues it."""
    place, args = ready
    place.json("release", "create", "digits-1", "--pack", place.path / "p")
    with open_registry(place.path / "data") as store:
        with store.reading() as registry:
            tenant = registry.tenant("acme").id
        desk = Workspace(store=store, tenant=tenant, max_array_bytes=1)
        reserved = desk.reserve_copy("digits-1", "edge-0")
        written = artefacts.mint(world.base, world.kit, reserved.signs(), head="fc", about={"copy": reserved.copy_id})
        (place.path / "out").mkdir()
        (place.path / "out" / "edge-0.safetensors").write_bytes(written)
    assert place.json(*args)["copies"][0]["copy"] == reserved.copy_id


def test_a_file_that_is_no_copy_of_the_device_is_refused(ready, world):
    """Another device's copy, a changed copy and a foreign file stop the run."""
    place, args = ready
    place.json(*args)
    out = place.path / "out"
    good = (out / "edge-0.safetensors").read_bytes()
    for bad, says in (
        ((out / "edge-1.safetensors").read_bytes(), "not for 'edge-0'"),
        (good[:-1] + bytes([good[-1] ^ 1]), "changed"),
        (world.base, "not issued by countermark"),
    ):
        (out / "edge-0.safetensors").write_bytes(bad)
        place.run(*args, code=1)
        assert says in place.stderr


def test_another_pack_under_the_same_name_is_refused(ready, another_world):
    """A name stands for one release."""
    place, args = ready
    place.json(*args)
    (place.path / "p").write_bytes(another_world.pack.to_bytes())
    place.run(*args, code=1)
    assert "choose another name" in place.stderr


def test_a_pipeline_runs_against_a_server(served, released, another_world, tmp_path):
    """The same minter over HTTP."""
    client = released.service.client("release")
    client.commit_release("digits-2", pack=another_world.pack.to_bytes())
    minter = Minter(desk=client, kit=another_world.kit, release="digits-2", base=another_world.base, head="fc")
    minter.check()
    copy = minter.copy_for("edge-0", tmp_path / "c")
    assert minter.copy_for("edge-0", tmp_path / "c") == copy
    with pytest.raises(ArtefactError, match="edge-0"):
        minter.resume("edge-1", tmp_path / "c")
