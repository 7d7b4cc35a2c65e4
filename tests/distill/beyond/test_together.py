"""One model trained by several processes: real `torchrun`, gloo, on the CPU."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tests.distill.beyond.team import fit

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module", params=[2])
def folder(request, tmp_path_factory):
    """Where so many processes left what they trained."""
    place = tmp_path_factory.mktemp(f"team-{request.param}")
    run = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={request.param}"]
    done = subprocess.run(
        [sys.executable, *run, str(ROOT / "tests/distill/beyond/team.py"), str(place)],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return place


def test_processes_together_train_what_one_trains(folder):
    """DDP and FSDP2 by two processes, whole and gone on with from a checkpoint: equal to 1e-5."""
    alone = fit().model.state_dict()
    for name in ("ddp-whole", "ddp-resumed", "fsdp2-whole", "fsdp2-resumed"):
        found = load_file(folder / f"{name}.safetensors")
        assert found.keys() == alone.keys()
        for key, value in alone.items():
            assert torch.allclose(found[key], value, rtol=0, atol=1e-5), (name, key)
