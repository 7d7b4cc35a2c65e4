"""The command line against a server: the same commands, the same output, and the service as a process."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from api.cli import app
from fingerprint import possession

RUNNER = CliRunner()


@pytest.fixture
def remote(served, released, tmp_path):
    """Runs a command with --json against the server; gives what it printed."""

    def run(*args: object, code=0, scope="all") -> dict:
        environment = {
            "COUNTERMARK_SERVER": served,
            "COUNTERMARK_TOKEN": released.service.tokens["acme"][scope],
            "COUNTERMARK_DATA": "",
        }
        result = RUNNER.invoke(app, [*map(str, args), "--json"], env=environment)
        assert result.exit_code == code, (result.stdout, result.stderr, result.exception)
        return json.loads(result.stdout) if result.stdout else {"stderr": result.stderr}

    return run


def test_an_investigator_works_against_a_server(remote, released, tmp_path):
    """Probes, answers and verdict over HTTP, with the same exit codes as on a data directory."""
    opened = remote("probes", "--release", "digits-1", "--out", tmp_path / "p.npz", scope="investigate")
    with np.load(tmp_path / "p.npz") as file:
        logits = released.world.copy(released.codewords["edge-1"], file["probes"])
    np.savez(tmp_path / "a.npz", outputs=logits)
    sent = ("verify", "--case", opened["case"], "--outputs", tmp_path / "a.npz", "--kind", "logits")
    assert remote(*sent, scope="investigate")["named"] == ["edge-1"]
    assert "has its verdict" in remote(*sent, code=1, scope="investigate")["stderr"]
    stranger = np.random.default_rng(4).normal(size=logits.shape)
    np.savez(tmp_path / "b.npz", outputs=stranger)
    remote("verify", "--release", "digits-1", "--outputs", tmp_path / "b.npz", "--kind", "logits", code=3)


def test_a_release_engineer_works_against_a_server(remote, another_world, tmp_path):
    """Enrol, reproduce, commit, mint and list over HTTP; chip, kit and copy stay on this machine."""
    assert remote("device", "enroll", "edge-9", "--silicon", tmp_path / "c.chip", scope="release")["name"] == "edge-9"
    assert remote("device", "reproduce", "edge-9", "--silicon", tmp_path / "c.chip", scope="release")["confirmed"]
    again = remote("device", "reenroll", "edge-9", "--silicon", tmp_path / "c.chip", scope="all")
    assert (again["name"], again["generation"]) == ("edge-9", 1)
    (tmp_path / "pack").write_bytes(another_world.pack.to_bytes())
    (tmp_path / "kit").write_bytes(another_world.kit.to_bytes())
    (tmp_path / "base").write_bytes(another_world.base)
    remote("release", "create", "digits-2", "--pack", tmp_path / "pack", scope="release")
    issued = remote(
        "copy", "issue", "--release", "digits-2", "--device", "edge-9", "--base", tmp_path / "base",
        "--out", tmp_path / "copy.safetensors", "--kit", tmp_path / "kit", scope="release",
    )  # fmt: skip
    assert issued["device"] == "edge-9"
    assert (tmp_path / "copy.safetensors").exists()
    assert [r["name"] for r in remote("release", "list")["items"]] == ["digits-1", "digits-2"]
    assert remote("copy", "list", "--release", "digits-2")["items"] == [issued]
    assert remote("device", "revoke", "edge-9")["revoked_at"]


def test_an_investigator_has_a_seized_device_prove_itself(remote, tmp_path):
    """The same exit codes as on a data directory, for the enrolled device, another one, and another's key."""
    for name in ("edge-8", "edge-9"):
        remote("device", "enroll", name, "--silicon", tmp_path / name, scope="release")
    remote("device", "revoke", "edge-9", scope="release")
    asked = ("device", "prove", "edge-9", "--purpose", "seizure 17/2026", "--silicon")
    proven = remote(*asked, tmp_path / "edge-9", scope="investigate")
    assert (proven["outcome"], proven["purpose"]) == ("proven", "seizure 17/2026")
    assert proven["log"]["proof"]["index"] == proven["log"]["entry_index"]
    assert remote(*asked, tmp_path / "edge-8", scope="investigate", code=3)["outcome"] == "other-read-out"
    assert "scope" in remote(*asked, tmp_path / "edge-9", scope="audit", code=1)["stderr"]
    assert "edge-7" in remote("device", "prove", "edge-7", "--silicon", tmp_path / "edge-9", code=1)["stderr"]


def test_a_key_that_the_server_does_not_know_is_another_device(remote, released, tmp_path):
    """Helper data and silicon agree, and the registry has another key: not the enrolled device."""
    remote("device", "enroll", "edge-9", "--silicon", tmp_path / "chip")
    client = released.service.client()
    helper = client.helper_data("edge-9")
    client.reenroll_device(
        "edge-9", helper_data=helper, identity="0f" * 32, possession_key=possession.public_key(bytes(32))
    )
    found = remote("device", "prove", "edge-9", "--silicon", tmp_path / "chip", code=3)
    assert found["outcome"] == "foreign-key"
    assert "log entry" in found["reason"]


def test_keys_and_the_log_over_a_server(remote):
    """An administrator and an auditor need no access to the data directory."""
    made = remote("key", "create", "pipeline", "--scope", "audit", scope="admin")
    assert made["token"] not in json.dumps(remote("key", "list", scope="admin"))
    assert remote("key", "revoke", made["id"], scope="admin")["revoked_at"]
    assert remote("log", "proof", 0, scope="audit")["index"] == 0
    assert remote("log", "checkpoint", scope="audit")["size"] >= 8
    assert "scope" in remote("key", "list", code=1, scope="audit")["stderr"]


def test_a_broken_data_directory_is_one_line(tmp_path):
    """Said before anything is served."""
    broken = RUNNER.invoke(app, ["serve", "--data", str(tmp_path / "nothing")])
    assert broken.exit_code == 1
    assert broken.stderr.startswith("error: ")
    assert len(broken.stderr.splitlines()) == 1
