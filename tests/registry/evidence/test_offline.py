"""The verifier alone: standard library, numpy, cryptography and rfc8785, no network, no other library at all."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
ALONE = """
import sys

allowed = {"numpy", "cryptography", "rfc8785", "fingerprint", "registry", "_cffi_backend"} | sys.stdlib_module_names

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in allowed:
            raise ModuleNotFoundError(f"{name} is none of the verifier's libraries", name=name)

sys.meta_path.insert(0, Refuse())

def no_network(event, arguments):
    if event in ("socket.connect", "socket.bind", "socket.getaddrinfo"):
        raise RuntimeError(event)

sys.addaudithook(no_network)
from registry.evidence.__main__ import main
code = main(sys.argv[1:])
loaded = {name.partition(".")[0] for name in sys.modules}
heavy = {"scipy", "safetensors", "sqlalchemy", "securesystemslib", "torch", "fastapi", "rfc3161_client"}
assert loaded.isdisjoint(heavy)
sys.exit(code)
"""


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    """The verifier in a fresh interpreter that has nothing else."""
    command = [sys.executable, "-W", "error", "-c", ALONE, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture
def files(tmp_path: Path, world: Any, evidence: bytes) -> tuple[Path, Path]:
    """A pack and a policy on the disk."""
    (tmp_path / "pack.zip").write_bytes(evidence)
    (tmp_path / "trust.policy").write_bytes(world.policy)
    return tmp_path / "pack.zip", tmp_path / "trust.policy"


def test_it_verifies_with_nothing_else_installed(files: tuple[Path, Path]) -> None:
    """Every step is printed, and the exit code is 0."""
    done = run(files[0], "--trust", files[1])
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line[:4] for line in lines[:16]] == ["OK  "] * 16
    assert lines[-1] == "VERIFIED: edge-1 is named as the source of 'model 'leaked' at shop.example'"


def test_it_says_which_step_failed(files: tuple[Path, Path], evidence: bytes) -> None:
    """A changed evidence: exit code 1, the step by name, and JSON for programs."""
    files[0].write_bytes(evidence.replace(b"minted", b"MINTED"))
    done = run(files[0], "--trust", files[1])
    assert done.returncode == 1
    assert "FAIL  1. container" in done.stdout
    assert done.stdout.splitlines()[-1] == "NOT VERIFIED: step 1 (container) failed"
    found = json.loads(run(files[0], "--trust", files[1], "--json").stdout)
    assert (found["verified"], found["failed_step"], len(found["steps"])) == (False, 1, 16)


def test_errors_and_usage(files: tuple[Path, Path], tmp_path: Path) -> None:
    """A missing file, a policy or key out of form: 1 and one line; a wrong option: 2."""
    (tmp_path / "bad").write_text("trust everybody\n")
    for arguments in (
        (tmp_path / "none.zip", "--trust", files[1]),
        (files[0], "--trust", tmp_path / "bad"),
        (files[0], "--trust", files[1], "--codeword-key", tmp_path / "bad"),
        (files[0], "--trust", files[1], "--tsa-roots", tmp_path / "bad"),
    ):
        done = run(*arguments)
        assert (done.returncode, done.stdout) == (1, ""), arguments
        assert done.stderr.startswith("error: ")
    assert run(files[0]).returncode == 2


def test_the_holder_brings_a_key(files: tuple[Path, Path], tmp_path: Path, codeword_key_of: Any) -> None:
    """The last step is taken for whoever has the device's codeword key."""
    (tmp_path / "key").write_text(codeword_key_of("edge-1").hex() + "\n")
    done = run(files[0], "--trust", files[1], "--codeword-key", tmp_path / "key")
    assert "OK   16. own key          the codeword is drawn from this device's key" in done.stdout
