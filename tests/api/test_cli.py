"""The command line: the whole story on a data directory, exit codes, JSON, private files."""

import base64
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load as load_safetensors
from typer.main import get_command
from typer.testing import CliRunner

from api.cli import app
from fingerprint import canonical
from fingerprint.codeword import codeword_key
from fingerprint.commitment import Commitment
from fingerprint.puf import PROFILE, Silicon, enroll
from registry.store import open_registry

RUNNER = CliRunner()


def ship(place, world):
    """Two devices enrolled, the release committed, a minted copy for each."""
    path = place.path
    (path / "verifier.safetensors").write_bytes(world.pack.to_bytes())
    (path / "signing.safetensors").write_bytes(world.kit.to_bytes())
    (path / "base.safetensors").write_bytes(world.base)
    pair = ("--pack", path / "verifier.safetensors", "--kit", path / "signing.safetensors")
    place.json("release", "create", "digits-1", *pair)
    for name in ("edge-0", "edge-1"):
        place.json("device", "enroll", name, "--silicon", path / f"{name}.chip")
        files = ("--base", path / "base.safetensors", "--out", path / f"{name}.safetensors")
        place.json("copy", "issue", "--release", "digits-1", "--device", name, *files)
    return place


@pytest.fixture
def shipped(place, world):
    """A release of its own for one test."""
    return ship(place, world)


@pytest.fixture(scope="module")
def shop(tmp_path_factory, template, world, new_place):
    """A release shared by all tests that change nothing."""
    return ship(new_place(tmp_path_factory.mktemp("shop"), template), world)


def _mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_init_makes_private_keys_and_refuses_to_do_it_twice(place):
    """A new data directory holds keys for its owner alone; a second init changes nothing."""
    made = place.json("init", "--data", place.path / "new", "--tenant", "acme")
    assert made["tenant"] == "acme"
    assert (place.path / "new" / "log.pub").read_text().strip() == made["log_key"]
    for name in ("kek.key", "log.key"):
        assert _mode(place.path / "new" / name) == 0o600
    place.run("init", "--data", place.path / "new", code=1)
    assert place.stderr.startswith("error: ")
    assert len(place.stderr.splitlines()) == 1
    assert place.json("tenant", "create", "rival-2")["tenant"] == "rival-2"


def test_a_device_is_enrolled_and_its_key_comes_back(place):
    """The chip's file is private, made once, and gives the enrolled key from a fresh read-out."""
    chip = place.path / "edge-7.chip"
    enrolled = place.json("device", "enroll", "edge-7", "--silicon", chip)
    assert _mode(chip) == 0o600
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
    assert _mode(next((shipped.path / "data" / "kits").iterdir())) == 0o600


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
    assert _mode(codeword) == 0o600
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


MINT = "copy issue --base @/base.safetensors --release digits-1 --device edge-0"
ERRORS = {
    "device revoke edge-9": "edge-9",
    "device reproduce edge-9 --silicon @/edge-0.chip": "edge-9",
    "device prove edge-9 --silicon @/edge-0.chip": "edge-9",
    "device prove edge-0 --silicon @/nothing.chip": "nothing.chip",
    "device prove edge-0 --silicon @/base.safetensors": "simulated chip|canonical|JSON",
    "device reenroll edge-9 --silicon @/edge-0.chip": "edge-9",
    "device reenroll edge-0 --silicon @/edge-1.chip": "another device",
    "device enroll edge-0 --silicon @/edge-0.chip": "edge-0",
    "device enroll edge-9 --silicon @/base.safetensors": "simulated chip|canonical|JSON",
    "device enroll edge-9 --readouts @/nothing.npy": "nothing.npy",
    "device enroll edge-9 --readouts @/base.safetensors": "npy",
    "release create digits-1 --pack @/verifier.safetensors": "digits-1",
    "release create digits-2 --pack @/base.safetensors": "pack",
    "release create digits-2 --pack @/verifier.safetensors --kit @/base.safetensors": "kit",
    f"copy issue --copy {'0' * 32} --artefact @/base.safetensors": "copy",
    f"{MINT} --out @/x --device edge-9": "edge-9",
    f"{MINT} --out @/x --release digits-9": "digits-9",
    f"{MINT} --out @/x --base @/edge-0.chip": "base",
    f"{MINT} --out @/x --head f": "--head",
    f"{MINT} --out @/x --head other": "other",
    f"{MINT} --out @/edge-1.chip": "exists",
    f"{MINT} --out @/nowhere/x": "no directory",
    "copy reserve --release digits-1 --device edge-0 --codeword-out @/edge-1.chip": "exists",
    "verify --release digits-1 --outputs @/edge-0.chip --kind logits": "outputs",
    "verify @/base.safetensors --durable --release digits-1": "say with --architecture of what",
    "verify https://models.example/x --durable --release digits-1": "does not say how to ask",
    "probes --release digits-9 --out @/p.npz": "digits-9",
    "log proof 100000": "100000",
    "log audit --data @/nowhere": "nowhere",
    "key revoke nothing": "nothing",
    "key rotate nothing": "nothing",
    "device list --after nonsense": "after",
}


@pytest.mark.parametrize("line", ERRORS)
def test_an_error_is_one_line_and_changes_nothing(shop, line):
    """Exit code 1, one line on standard error, nothing on standard output, the log as long as before."""
    before = shop.json("log", "checkpoint")["size"]
    printed = shop.run(*line.replace("@", str(shop.path)).split(), code=1)
    assert printed == ""
    assert len(shop.stderr.splitlines()) == 1
    assert re.search(ERRORS[line], shop.stderr)
    assert shop.json("log", "checkpoint")["size"] == before


@pytest.mark.parametrize(
    "args",
    [
        ["nonsense"],
        ["device", "enroll"],
        ["device", "enroll", "x"],
        ["device", "enroll", "x", "--silicon", "a", "--readouts", "b"],
        ["device", "prove", "x"],
        ["device", "prove", "x", "--silicon", "a", "--readouts", "b"],
        ["device", "prove", "x", "--silicon", "a", "--seconds", "0"],
        ["copy", "issue"],
        ["copy", "issue", "--copy", "x", "--base", "y"],
        ["verify", "--outputs", "x", "--kind", "scores", "--release", "r"],
        ["verify", "--outputs", "x", "--kind", "logits"],
        ["verify", "--durable", "--outputs", "x", "--release", "r"],
        ["verify", "x", "--durable", "--record", "y", "--release", "r"],
        ["verify", "x", "--durable", "--per-second", "1", "--release", "r"],
        ["job", "follow", "x", "--allow-network", "127.0.0.0/8"],
        ["job", "follow", "x", "--model-seconds", "240"],
        ["job", "follow", "x", "--model-memory", "4096"],
        ["key", "create", "x"],
        ["key", "create", "x", "--scope", "everything"],
        ["serve", "--port", "70000"],
    ],
    ids=" ".join,
)
def test_a_wrong_command_line_is_usage(shop, args):
    """Exit code 2 and a hint."""
    shop.run(*args, code=2)
    assert shop.stderr


def test_keys_are_made_listed_and_revoked(place):
    """The token is shown once; the list has none."""
    made = place.json("key", "create", "pipeline", "--scope", "release", "--scope", "audit", "--days", "90")
    assert made["token"]
    assert made["expires_at"]
    listed = place.run("key", "list", "--json")
    assert made["token"] not in listed
    assert made["id"] in place.run("key", "list")
    new = place.json("key", "rotate", made["id"], "--overlap", 1)
    assert (new["name"], new["scopes"], new["token"] == made["token"]) == ("pipeline.2", made["scopes"], False)
    assert place.json("key", "rotate", new["id"], "--name", "third")["name"] == "third"
    assert place.json("key", "revoke", made["id"])["revoked_at"]
    place.run("key", "rotate", made["id"], code=1)
    assert "revoked or expired" in place.stderr


def test_a_shell_completes_the_commands():
    """The script for bash calls the program, and the program then names its commands and a command's options."""
    wanted = {"_COUNTERMARK_COMPLETE": "source_bash"}  # what --show-completion prints, whatever shell runs the tests
    script = RUNNER.invoke(app, [], prog_name="countermark", env=wanted)
    assert script.exit_code == 0, script.output
    variable = re.search(r"(_COUNTERMARK_COMPLETE)=complete_bash", script.stdout)[1]
    asked = {variable: "complete_bash", "COMP_CWORD": "1", "COMP_WORDS": "countermark "}
    told = RUNNER.invoke(app, [], prog_name="countermark", env=asked).stdout.split()
    assert {path[0] for path in _commands()} == set(told)
    deeper = {**asked, "COMP_CWORD": "2", "COMP_WORDS": "countermark job f"}
    assert RUNNER.invoke(app, [], prog_name="countermark", env=deeper).stdout.split() == ["follow"]


def test_settings_without_sense_are_one_line(place):
    """A variable of the environment is named, its value is not."""
    result = RUNNER.invoke(app, ["device", "list"], env={"COUNTERMARK_KEK": "hush", "COUNTERMARK_DATA": "x"})
    assert result.exit_code == 1
    assert "COUNTERMARK_KEK" in result.stderr
    assert "hush" not in result.stderr
    result = RUNNER.invoke(app, ["device", "list", "--server", "http://127.0.0.1:1"], env={})
    assert result.exit_code == 1
    assert "COUNTERMARK_TOKEN" in result.stderr


def test_everything_can_be_looked_at(shop, world):
    """Devices, releases, packs, cases, entries and proofs, as JSON and for people."""
    assert shop.json("device", "show", "edge-0")["name"] == "edge-0"
    assert shop.json("release", "show", "digits-1")["release_id"] == world.pack.release_id
    assert "digits-1" in shop.run("release", "list")
    assert shop.json("release", "pack", "digits-1", "--out", shop.path / "again")["digest"] == world.pack.release_id
    assert (shop.path / "again").read_bytes() == world.pack.to_bytes()
    assert _mode(shop.path / "again") == 0o600
    case = shop.json("case", "open", "--release", "digits-1", "--suspect", "a stranger")
    assert shop.json("case", "show", case["id"]) == case
    assert "a stranger" in shop.run("case", "list")
    shop.run("case", "verdict", case["id"], code=1)
    np.savez(shop.path / "a.npz", outputs=np.random.default_rng(1).normal(size=(400, 6)))
    shop.run("verify", "--case", case["id"], "--kind", "logits", "--outputs", shop.path / "a.npz", code=3)
    assert shop.json("case", "verdict", case["id"], code=3)["case_id"] == case["id"]
    assert json.loads(shop.run("log", "entry", 0))["type"]
    assert shop.json("log", "entry", 0)["index"] == 0
    assert shop.json("log", "consistency", 1)["old_size"] == 1
    assert shop.json("log", "key")["key"] == (shop.path / "data" / "log.pub").read_text().strip()
    assert shop.run("log", "checkpoint", "--note").splitlines()[1] == str(shop.json("log", "checkpoint")["size"])
    (shop.path / "old.note").write_text(shop.run("log", "checkpoint", "--note"))
    assert shop.json("log", "audit", "--from", shop.path / "old.note")["audited"]
    page = shop.json("device", "list", "--limit", 1)
    assert "--after" in shop.run("device", "list", "--limit", 1)
    assert shop.json("device", "list", "--after", page["next"])["items"][0]["name"] == "edge-1"


def _commands() -> list[list[str]]:
    found = []

    def walk(command, path) -> None:
        children = getattr(command, "commands", None)
        if children is None:
            found.append(path)
            return
        for name, child in children.items():
            walk(child, [*path, name])

    walk(get_command(app), [])
    return found


@pytest.mark.parametrize("command", [c for c in _commands() if c not in (["demo"], ["puf"])], ids=" ".join)
def test_every_command_has_help_with_an_example_and_json(command):
    """`--help` shows an example; every command but the two that run until stopped prints JSON when asked."""
    result = RUNNER.invoke(app, [*command, "--help"], env={"COLUMNS": "200", "TERM": "dumb"})
    assert result.exit_code == 0
    assert f"Example: countermark {' '.join(command)}" in " ".join(result.stdout.split())
    assert ("--json" in result.stdout) == (command[-1] not in {"serve", "worker"})


def test_the_command_starts_without_torch():
    """As a process of its own: help works, and nothing heavy is loaded for it."""
    code = (
        "import sys, api.app, api.cli\n"
        "loaded = {'torch', 'sklearn', 'matplotlib'} & set(sys.modules)\n"
        "assert not loaded, loaded\n"
        "sys.argv = ['countermark', '--help']\n"
        "api.cli.main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "device" in done.stdout
