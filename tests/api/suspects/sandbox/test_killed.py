"""A program that is killed while a suspect runs leaves no process behind, and its files to the next run to remove."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.patience import PATIENCE, until

ROOT = Path(__file__).parents[4]
ASKING = """
import sys
from pathlib import Path
import numpy as np
from api.suspects.models.model import Model
from api.suspects.sandbox.confine import Limits
Model.of(Path(sys.argv[1]).read_bytes(), limits=Limits(cpu=600, seconds=600.0)).ask(np.load(sys.argv[2]))
"""


def asking(tmp_path: Path, model: bytes, probes: np.ndarray) -> subprocess.Popen:
    """A program that runs the model, with a place of its own for temporary files."""
    (tmp_path / "model").write_bytes(model)
    np.save(tmp_path / "probes.npy", probes)
    (tmp_path / "tmp").mkdir(exist_ok=True)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path / "tmp")}
    given = [str(tmp_path / "model"), str(tmp_path / "probes.npy")]
    return subprocess.Popen([sys.executable, "-c", ASKING, *given], env=environment)


def begun(program: subprocess.Popen) -> int:
    """Number of the process that the program started."""
    told = Path(f"/proc/{program.pid}/task/{program.pid}/children")
    until(told.read_text)
    return int(told.read_text())


def status(process: int) -> dict[str, str]:
    """What the kernel says of a process; nothing of one that is gone."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return {}
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def over(process: int) -> bool:
    """Whether it runs no more."""
    return status(process).get("State", "Z")[0] in "ZX"


@pytest.mark.parametrize("confined", [False, True])
def test_nothing_runs_on(tmp_path, make, confined):
    """Neither a process that has only begun, nor one that has given up all it gives up; then nothing lies about."""
    program = asking(tmp_path, make.endless(), make.probes)
    try:
        process = begun(program)
        if confined:
            until(lambda: over(process) or status(process).get("Seccomp") == "2")
    finally:
        program.kill()
        program.wait()
    until(lambda: over(process))
    assert asking(tmp_path, make.linear(), make.probes).wait(PATIENCE) == 0
    assert list((tmp_path / "tmp").iterdir()) == []
