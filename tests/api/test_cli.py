"""The command line as a whole: exit codes, one-line errors, usage, JSON, help, completion."""

import json
import re
import subprocess
import sys

import numpy as np
import pytest
from typer.main import get_command
from typer.testing import CliRunner

from api.cli import app
from tests.api.place import mode, ship

RUNNER = CliRunner()


@pytest.fixture(scope="module")
def shop(tmp_path_factory, template, world, new_place):
    """A release shared by all tests that change nothing."""
    return ship(new_place(tmp_path_factory.mktemp("shop"), template), world)


def test_init_makes_private_keys_and_refuses_to_do_it_twice(place):
    """A new data directory holds keys for its owner alone; a second init changes nothing."""
    made = place.json("init", "--data", place.path / "new", "--tenant", "acme")
    assert made["tenant"] == "acme"
    assert (place.path / "new" / "log.pub").read_text().strip() == made["log_key"]
    for name in ("kek.key", "log.key"):
        assert mode(place.path / "new" / name) == 0o600
    place.run("init", "--data", place.path / "new", code=1)
    assert place.stderr.startswith("error: ")
    assert len(place.stderr.splitlines()) == 1
    assert place.json("tenant", "create", "rival-2")["tenant"] == "rival-2"


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
    assert result.stderr.startswith("error: COUNTERMARK_KEK: 3 bytes, not 32;")
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
    assert mode(shop.path / "again") == 0o600
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
