"""The folder of one distillation: what lies where, and which distillation it is.

| file | what | mode |
|---|---|---|
| `distillation.json` | digests of everything that decides the models; another configuration is refused here | 0644 |
| `release.key` | 32 random bytes, drawn once; carriers come from them | 0600 |
| `teacher/` | the teacher's outputs (`distill.stored`) | |
| `clean/N.safetensors` | clean students; 0 is the minting base | 0644 |
| `verifier.safetensors`, `signing.safetensors` | verifier pack and signing kit | 0600 |
| `reserved/DEVICE.json` | a copy's reservation with its codeword, under `--register` | 0600 |
| `copies/DEVICE.safetensors` | the copies | 0644 |
| `training/` | training checkpoints; to be removed when all copies are out | 0600 |

Every file is whole or absent. Whatever is killed, a run with the same configuration goes on to the same bytes.
"""

import fcntl
import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.commands import files
from api.state_dicts import ArtefactError
from distill import atomic
from distill.config import Config
from fingerprint.canonical import digest

_WAY_OUT = "choose another `out`, or remove that folder"


@dataclass(frozen=True, slots=True)
class Workplace:
    """The folder `out` of a configuration."""

    root: Path

    @property
    def pack(self) -> Path:
        """The verifier pack."""
        return self.root / "verifier.safetensors"

    @property
    def kit(self) -> Path:
        """The signing kit."""
        return self.root / "signing.safetensors"

    @property
    def teacher(self) -> Path:
        """The teacher's outputs."""
        return self.root / "teacher"

    def clean(self, number: int | str) -> Path:
        """A clean student."""
        return self.root / "clean" / f"{number}.safetensors"

    def copy(self, device: str) -> Path:
        """A device's copy."""
        return self.root / "copies" / f"{device}.safetensors"

    def reserved(self, device: str) -> Path:
        """A device's reservation."""
        return self.root / "reserved" / f"{device}.json"

    def training(self, kind: str, name: str) -> Path:
        """Folder of one training's checkpoint."""
        return self.root / "training" / f"{kind}-{name}"

    @property
    def release_key(self) -> bytes:
        """The key, drawn when it is first asked for.

        Raises:
            FileProblem: the file holds something else.
        """
        path = self.root / "release.key"
        if not path.exists():
            atomic.write(path, secrets.token_bytes(32), mode=files.PRIVATE)
        key = files.read(path)
        if len(key) != 32:
            raise files.FileProblem(f"{path} holds {len(key)} bytes and no key of 32; {_WAY_OUT}")
        return key

    @contextmanager
    def claimed(self, config: Config) -> Iterator[None]:
        """The folder for this configuration and this process alone.

        Raises:
            FileProblem: it is another distillation's, or another run is at work there; the message says which.
        """
        for folder in (self.root, *(self.root / name for name in ("clean", "copies", "reserved"))):
            folder.mkdir(parents=True, exist_ok=True)
        with (self.root / ".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise files.FileProblem(f"another run is at work in {self.root}; wait for its end") from error
            self._check(identity(config))
            yield

    def _check(self, wanted: Mapping[str, Any]) -> None:
        path = self.root / "distillation.json"
        if not path.exists():
            atomic.write(path, json.dumps(wanted, indent=2).encode())
        try:
            found = json.loads(files.read(path))
            other = sorted(name for name in {*wanted, *found} if wanted.get(name) != found.get(name))
        except (ValueError, TypeError, AttributeError) as error:
            raise files.FileProblem(f"{path} is damaged; {_WAY_OUT}") from error
        if other:
            raise files.FileProblem(f"{self.root} is a distillation with other {', '.join(other)}; {_WAY_OUT}")


def identity(config: Config) -> dict[str, Any]:
    """What decides the models of a release: settings, and digests of the files that they name.

    Raises:
        FileProblem: a file cannot be read.
    """
    read = {
        "teacher weights": config.teacher.weights,
        "teacher architecture": config.teacher.architecture,
        "student architecture": config.student.architecture,
        "transfer": config.data.transfer,
        "probes": config.data.probes,
    }
    return config.plain | {name: digest(files.read(path)) for name, path in read.items()}


def put(path: Path, data: bytes) -> None:
    """Write a model's file, or find that it is there already.

    Raises:
        ArtefactError: another file is there.
    """
    if not path.exists():
        atomic.write(path, data)
    elif files.read(path) != data:
        raise ArtefactError(f"{path} is not what this distillation gives; it was changed, move it away and run again")
