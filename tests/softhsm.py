"""A hardware security module in software: one token for all tests of a process, which reads its configuration once."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

SOFTHSM = next((path for path in Path("/usr/lib").glob("**/libsofthsm2.so")), None)
PIN = "2468"


@pytest.fixture(scope="session")
def softhsm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A token of its own in a temporary directory; the PIN is in its file `pin`."""
    if SOFTHSM is None or shutil.which("softhsm2-util") is None:
        pytest.skip("SoftHSM2 is not installed; on Debian: apt install softhsm2")
    home = tmp_path_factory.mktemp("softhsm")
    (home / "tokens").mkdir()
    (home / "softhsm2.conf").write_text(f"directories.tokendir = {home}/tokens\nobjectstore.backend = file\n")
    (home / "pin").write_text(PIN)
    (home / "pin").chmod(0o600)
    os.environ["SOFTHSM2_CONF"] = str(home / "softhsm2.conf")  # read when the module is loaded, once in a process
    command = ["softhsm2-util", "--init-token", "--free", "--label", "tests", "--pin", PIN, "--so-pin", "1357"]
    subprocess.run(command, check=True, capture_output=True)
    yield home
    del os.environ["SOFTHSM2_CONF"]
