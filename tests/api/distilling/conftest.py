"""A teacher of handwritten digits and everything that the example of docs/distil.md names."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from api.distilling.modules import Chain
from api.suspects.models.architecture import Architecture
from distill import artefact
from distill.loop import Settings, seeded, train
from distill.objectives import CrossEntropy

DOCUMENT = Path(__file__).parents[3] / "docs/distil.md"
EXAMPLE = re.search(r"```toml\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), flags=re.DOTALL).group(1)


def layers(width):
    """A network of one hidden layer."""
    return {"input": [64], "layers": [{"linear": "body.0", "out": width}, "relu", {"linear": "head", "out": 10}]}


@pytest.fixture(scope="session")
def digits(tmp_path_factory) -> Path:
    """A folder with the example's files."""
    folder = tmp_path_factory.mktemp("digits")
    found = load_digits()
    inputs, labels = (found.data / 16).astype(np.float32), found.target
    np.savez(folder / "transfer.npz", inputs=inputs[:900])
    np.save(folder / "probes.npy", inputs[900:1300])
    np.savez(folder / "test.npz", inputs=inputs[1300:], labels=labels[1300:])
    for name, width in (("teacher", 48), ("student", 24)):
        (folder / f"{name}.json").write_text(json.dumps(layers(width)))
    described = Architecture.from_bytes((folder / "teacher.json").read_bytes())
    teacher = train(
        seeded(lambda: Chain(described), "digits"), torch.from_numpy(inputs[:900]), torch.from_numpy(labels[:900]),
        CrossEntropy(), seed=("digits",), settings=Settings(epochs=12, batch_size=64),
    )  # fmt: skip
    (folder / "teacher.safetensors").write_bytes(artefact.to_bytes(teacher.model))
    (folder / "digits.toml").write_text(EXAMPLE)
    return folder


@pytest.fixture(scope="session")
def new_shop(digits) -> Callable[..., Path]:
    """Makes a copy of the folder whose configuration is the example with some words changed."""

    def make(folder: Path, **changed: str) -> Path:
        shutil.copytree(digits, folder, dirs_exist_ok=True)
        text = EXAMPLE
        for name, value in changed.items():
            text, count = re.subn(rf"(?m)^(# )?{name} = .*$", f"{name} = {value}", text)
            assert count == 1, name
        (folder / "digits.toml").write_text(text)
        return folder / "digits.toml"

    return make


@pytest.fixture(scope="session")
def codewords() -> Callable[[Path], None]:
    """Writes codewords as `copy reserve` does, for the example's devices."""

    def write(folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        for number, name in enumerate(("edge-0", "edge-1")):
            draw = np.random.default_rng(number)
            np.save(folder / f"{name}.npy", draw.choice(np.array([-1, 1], dtype=np.int8), size=180))

    return write


@pytest.fixture
def keys(tmp_path) -> tuple[Path, Path]:
    """A pair of keys as OpenSSL makes them: private, public."""
    for command in (
        "openssl ecparam -name prime256v1 -genkey -noout -out sign.key",
        "openssl ec -in sign.key -pubout -out sign.pub",
    ):
        subprocess.run(command.split(), cwd=tmp_path, check=True, capture_output=True)
    (tmp_path / "sign.key").chmod(0o600)
    return tmp_path / "sign.key", tmp_path / "sign.pub"
