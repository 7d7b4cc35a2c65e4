"""Signed copies from the command line: at issue, afterwards, in a pipeline, and verified by whoever receives them."""

import subprocess
import sys

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from safetensors.numpy import load_file

from api import provenance
from fingerprint.canonical import digest


@pytest.fixture
def ready(place, world):
    """A release, two devices, and a pair of keys as OpenSSL makes them."""
    path = place.path
    for name, data in {"p": world.pack.to_bytes(), "k": world.kit.to_bytes(), "b": world.base}.items():
        (path / name).write_bytes(data)
    place.json("release", "create", "digits-1", "--pack", path / "p", "--kit", path / "k")
    for name in ("edge-0", "edge-1"):
        place.json("device", "enroll", name, "--silicon", path / f"{name}.chip")
    for command in (
        "openssl ecparam -name prime256v1 -genkey -noout -out sign.key",
        "openssl ec -in sign.key -pubout -out sign.pub",
    ):
        subprocess.run(command.split(), cwd=path, check=True, capture_output=True)
    (path / "sign.key").chmod(0o600)
    return place


def mint(place, device, out, *options) -> dict:
    """Issue a minted copy."""
    args = ("--release", "digits-1", "--device", device, "--base", place.path / "b", "--out", out)
    return place.json("copy", "issue", *args, *options)


def test_a_copy_is_signed_as_it_is_issued(ready):
    """The signature is beside the file; whoever verifies it learns whose copy it is."""
    out = ready.path / "e0.safetensors"
    issued = mint(ready, "edge-0", out, "--sign-key", ready.path / "sign.key")
    found = ready.json("copy", "verify", out, "--key", ready.path / "sign.pub")
    assert found["signed"] is True
    assert (found["copies"], found["devices"]) == ([issued["id"]], ["edge-0"])
    assert found["digest"] == issued["artefact_digest"] == digest(out.read_bytes())
    out.write_bytes(out.read_bytes()[:-1] + b"x")
    ready.run("copy", "verify", out, "--key", ready.path / "sign.pub", code=1)
    assert "another file" in ready.stderr


def test_a_copy_is_signed_afterwards(ready):
    """Only what was issued is signed, once."""
    out, sign = ready.path / "e0.safetensors", ("--key", ready.path / "sign.key")
    mint(ready, "edge-0", out)
    ready.run("copy", "sign", ready.path / "b", *sign, code=1)
    assert "issue it first" in ready.stderr
    assert ready.json("copy", "sign", out, *sign)["signature"] == f"{out}.sig"
    ready.run("copy", "sign", out, *sign, code=1)
    assert ready.json("copy", "verify", out, "--key", ready.path / "sign.pub")["devices"] == ["edge-0"]


def test_a_signed_file_that_is_no_copy_exits_with_3(ready):
    """A proper signature of a file that this registry never issued."""
    subprocess.run(
        [
            sys.executable,
            "-m",
            "model_signing",
            "sign",
            "key",
            "b",
            "--signature",
            "b.sig",
            "--private_key",
            "sign.key",
        ],
        cwd=ready.path,
        check=True,
        capture_output=True,
    )
    assert ready.json("copy", "verify", ready.path / "b", "--key", ready.path / "sign.pub", code=3)["copies"] == []


def test_a_key_that_others_can_read_is_refused(ready):
    """Before anything is reserved."""
    size = ready.json("log", "checkpoint")["size"]
    (ready.path / "sign.key").chmod(0o644)
    args = ("--release", "digits-1", "--device", "edge-0", "--base", ready.path / "b", "--out", ready.path / "o")
    ready.run("copy", "issue", *args, "--sign-key", ready.path / "sign.key", code=1)
    assert "chmod 600" in ready.stderr
    assert ready.json("log", "checkpoint")["size"] == size


def test_a_pipeline_signs_every_copy_and_can_be_run_again(ready):
    """The manifest names the signatures; a second run signs what is missing and keeps what is there."""
    path = ready.path
    args = ["ci", "digits-1", "--pack", path / "p", "--kit", path / "k", "--base", path / "b", "--out", path / "out"]
    args += ["--device", "edge-0", "--device", "edge-1"]
    assert {entry["signature"] for entry in ready.json(*args)["copies"]} == {None}
    signed = ready.json(*args, "--sign-key", path / "sign.key")
    for entry in signed["copies"]:
        assert (path / "out" / entry["signature"]).exists()
        found = ready.json(
            "copy", "verify", path / "out" / f"{entry['device']}.safetensors", "--key", path / "sign.pub"
        )
        assert found["copies"] == [entry["copy"]]
    before = (path / "out" / "edge-0.safetensors.sig").read_bytes()
    ready.json(*args, "--sign-key", path / "sign.key")
    assert (path / "out" / "edge-0.safetensors.sig").read_bytes() == before
    (path / "out" / "edge-0.safetensors.sig").write_bytes((path / "out" / "edge-1.safetensors.sig").read_bytes())
    ready.run(*args, "--sign-key", path / "sign.key", code=1)


def reserve(place) -> str:
    """Id of a reserved copy."""
    codeword = place.path / "c.npy"
    codeword.unlink(missing_ok=True)
    reserved = place.json("copy", "reserve", "--release", "digits-1", "--device", "edge-0", "--codeword-out", codeword)
    return reserved["copy_id"]


@pytest.mark.parametrize("kind", ["safetensors", "onnx"])
def test_a_copy_made_elsewhere_is_stamped_registered_and_signed(ready, world, kind):
    """The digest registered is that of the file that leaves, which says which copy it is."""
    made, out = ready.path / f"trained.{kind}", ready.path / f"leaves.{kind}"
    made.write_bytes(world.base if kind == "safetensors" else onnx_model())
    copy = reserve(ready)
    args = ("copy", "issue", "--copy", copy, "--artefact", made, "--out", out, "--sign-key", ready.path / "sign.key")
    issued = ready.json(*args)
    about = provenance.read(out.read_bytes())
    assert (about["copy"], about["source"], about["method"]) == (copy, digest(made.read_bytes()), "distilled")
    assert issued["artefact_digest"] == digest(out.read_bytes())
    assert ready.json("copy", "find", out)["items"][0]["id"] == copy
    assert ready.json("copy", "verify", out, "--key", ready.path / "sign.pub")["copies"] == [copy]
    out.unlink()
    ready.run(*args, code=1)
    assert not out.exists()


def test_a_copy_is_registered_as_it_is(ready):
    """Without --out the file is left alone, whatever it is."""
    made, copy = ready.path / "copy.bin", reserve(ready)
    made.write_bytes(b"whatever a framework writes")
    ready.json("copy", "issue", "--copy", copy, "--artefact", made)
    assert made.read_bytes() == b"whatever a framework writes"
    assert ready.json("copy", "find", made)["items"][0]["id"] == copy


def test_a_copy_is_no_base(ready):
    """Minting from a copy is refused: its provenance would be lost, and two signatures would be in one file."""
    mint(ready, "edge-0", ready.path / "e0.safetensors")
    args = ("--release", "digits-1", "--device", "edge-1", "--base", ready.path / "e0.safetensors")
    ready.run("copy", "issue", *args, "--out", ready.path / "e1.safetensors", code=1)
    assert "already" in ready.stderr
    assert load_file(ready.path / "e0.safetensors")


def onnx_model() -> bytes:
    """A small valid model."""
    weight = helper.make_tensor("W", TensorProto.FLOAT, [3, 2], np.arange(6, dtype=np.float32))
    shapes = {"x": [1, 3], "z": [1, 2]}
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()]
    graph = helper.make_graph([helper.make_node("MatMul", ["x", "W"], ["z"])], "g", ends[:1], ends[1:], [weight])
    onnx.checker.check_model(helper.make_model(graph))
    return helper.make_model(graph).SerializeToString()
