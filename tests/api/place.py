"""A directory in which commands are run, on a registry of its own."""

import json
import shutil
from pathlib import Path

from typer.testing import CliRunner

from api.cli import app
from tests.api.world import World


class Place:
    """A directory to work in; commands run there on a fresh registry, for the tenant `acme`."""

    def __init__(self, path: Path, template: tuple) -> None:
        self.path = path
        self.stderr = ""
        shutil.copytree(template[0], path / "data")

    def run(self, *args: object, code=0) -> str:
        """Run a command; its standard output."""
        environment = {"COUNTERMARK_DATA": str(self.path / "data"), "COUNTERMARK_TENANT": "acme", "COLUMNS": "250"}
        result = CliRunner().invoke(app, [str(arg) for arg in args], env=environment)
        assert result.exit_code == code, (result.stdout, result.stderr, result.exception)
        self.stderr = result.stderr
        return result.stdout

    def json(self, *args: object, code=0) -> dict:
        """Run a command with --json; what it printed, which must be one JSON document and nothing else."""
        return json.loads(self.run(*args, "--json", code=code))


def ship(place: Place, world: World) -> Place:
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


def mode(path: Path) -> int:
    """Who may read and write a file."""
    return path.stat().st_mode & 0o777
