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


CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")


@pytest.fixture(scope="module", params=[(2, "cpu"), pytest.param((1, "cuda"), marks=CUDA)], ids=["gloo", "nccl"])
def folder(request, tmp_path_factory):
    """Where so many processes left what they trained: two over gloo, and one over NCCL where there is CUDA."""
    count, processor = request.param
    place = tmp_path_factory.mktemp(f"team-{processor}")
    run = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={count}"]
    done = subprocess.run(
        [sys.executable, *run, str(ROOT / "tests/distill/beyond/team.py"), str(place), processor],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return place


def test_processes_together_train_what_one_trains(folder):
    """DDP and FSDP2, whole and gone on with from a checkpoint: equal to 1e-5, over NCCL to 1e-4."""
    alone, allowed = fit().model.state_dict(), 1e-4 if "cuda" in folder.name else 1e-5
    for name in ("ddp-whole", "ddp-resumed", "fsdp2-whole", "fsdp2-resumed"):
        found = load_file(folder / f"{name}.safetensors")
        assert found.keys() == alone.keys()
        for key, value in alone.items():
            assert torch.allclose(found[key], value, rtol=0, atol=allowed), (name, key)
