"""`countermark distil`: killed, it goes on to the same bytes; what it registers is traced; what is wrong is said."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from api import provenance
from api.cli import app
from api.distilling.jobs import words
from api.distilling.materials import load
from api.distilling.modules import loaded
from distill import artefact, outputs
from distill.config import Config
from distill.fleet import on_one_thread
from distill.release import prepare_release
from fingerprint.canonical import digest
from tests.api.distilling.children import killed

FILES = ("verifier.safetensors", "signing.safetensors", "clean/0.safetensors", "clean/1.safetensors",
         "copies/edge-0.safetensors", "copies/edge-1.safetensors")  # fmt: skip
IN_A_CLEAN_STUDENT, IN_A_COPY = ("clean-0/.training", 2), ("copy-edge-0/.training", 3)


def run(config: Path, *args: object, code=0) -> dict:
    """The command with --json; what it printed."""
    result = CliRunner().invoke(app, ["distil", str(config), "--json", *map(str, args)])
    assert result.exit_code == code, (result.stderr, result.exception)
    return json.loads(result.stdout) if code == 0 else {"error": result.stderr}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, new_shop, codewords):
    """A whole run with given codewords: its folder, its configuration, and what it printed."""
    config = new_shop(tmp_path_factory.mktemp("undisturbed"), codewords='"codewords"')
    codewords(config.parent / "codewords")
    return config, run(config)


@pytest.mark.parametrize(
    ("deaths", "workers"),
    [((IN_A_COPY,), 1), pytest.param((IN_A_CLEAN_STUDENT, IN_A_COPY), 2, marks=pytest.mark.slow)],
)
def test_killed_anywhere_it_goes_on_to_the_same_bytes(undisturbed, new_shop, tmp_path, deaths, workers):
    """SIGKILL in a copy, or in a clean student before; workers do the rest: each file is that of an undisturbed run."""
    config, expected = undisturbed
    again = new_shop(tmp_path, codewords='"codewords"')
    shutil.copytree(config.parent / "codewords", tmp_path / "codewords")
    (tmp_path / "out").mkdir()
    shutil.copy(config.parent / "out/release.key", tmp_path / "out/release.key")
    for place, times in deaths:
        assert killed(["distil", str(again)], place, times), place
        assert not (tmp_path / "out" / FILES[-1]).exists()
    again.write_text(again.read_text().replace("workers = 1", f"workers = {workers}"))
    found = run(again)
    for name in FILES:
        assert (tmp_path / "out" / name).read_bytes() == (config.parent / "out" / name).read_bytes(), name
    assert [each["digest"] for each in found["copies"]] == [each["digest"] for each in expected["copies"]]
    left = [path.name for path in (tmp_path / "out/copies").iterdir() if not path.name.startswith(".")]
    assert sorted(left) == ["edge-0.safetensors", "edge-1.safetensors"]


def test_the_files_are_those_of_the_library(undisturbed):
    """`prepare_release` and `distil` by hand give the same pack, kit and copies."""
    path, summary = undisturbed
    config, out = Config.of(path.read_text(), path), path.parent / "out"
    given = load(config)

    def by_hand(name: str) -> str:
        ready = prepare_release(
            given.teacher, features="relu_1", student=given.student, head="head", transfer=given.says.contexts,
            probes=given.probes, release_key=(out / "release.key").read_bytes(), seed=words(config),
            recipe=config.recipe,
        )  # fmt: skip
        assert ready.pack.to_bytes() == (out / "verifier.safetensors").read_bytes()
        assert ready.kit.to_bytes() == (out / "signing.safetensors").read_bytes()
        codeword = np.load(path.parent / "codewords" / f"{name}.npy")
        return digest(artefact.to_bytes(ready.distil(codeword, seed=words(config, "copy", name)).model))

    assert on_one_thread(by_hand, "edge-1") == summary["copies"][1]["digest"]
    assert summary["teacher_accuracy"] > 0.8
    assert summary["layers"][-1] == "linear"
    assert set(summary["data"]) == {"transfer", "test"}
    assert all(each["accuracy"] > 0.7 for each in summary["copies"])
    for name in ("release.key", "verifier.safetensors", "signing.safetensors"):
        assert (out / name).stat().st_mode & 0o777 == 0o600


def test_registered_copies_are_traced(place, new_shop, keys):
    """The documented example with --register: committed, issued, signed; a second run changes nothing."""
    config = new_shop(place.path / "work", strength="0.6")  # whatever codeword is drawn, the score is far above the bar
    for name in ("edge-0", "edge-1"):
        place.json("device", "enroll", name, "--silicon", place.path / f"{name}.chip")
    found = place.json("distil", config, "--register", "--sign-key", keys[0])
    size = place.json("log", "checkpoint")["size"]
    assert place.json("distil", config, "--register", "--sign-key", keys[0]) == found
    assert place.json("log", "checkpoint")["size"] == size
    for each in found["copies"]:
        data = Path(each["file"]).read_bytes()
        shown = place.json("copy", "show", each["copy"])
        assert (shown["artefact_digest"], shown["method"], shown["device"]) == (
            digest(data),
            "distilled",
            each["device"],
        )
        assert provenance.read(data)["copy"] == each["copy"]
        said = place.json("copy", "verify", each["file"], "--key", keys[1])
        assert (said["signed"], said["devices"]) == (True, [each["device"]])
    committed = place.json("release", "commitment", "digits-1")["commitment"]["reference_models"]
    assert sorted(committed) == sorted(each["digest"] for each in found["clean"])
    assert _named(place, found["copies"][1]["file"], config) == ["edge-1"]
    assert _named(place, found["clean"][1]["file"], config, code=3) == []
    assert "copy for edge-0" in place.run("distil", config, "--register")


def _named(place, file, config, code=0):
    """Who is named for the answers of a model's file."""
    probes, answers = place.path / "probes.npz", place.path / "answers.npz"
    case = place.json("probes", "--release", "digits-1", "--out", probes, "--suspect", "s")["case"]
    probes_given = torch.from_numpy(np.load(probes)["probes"])
    probes.unlink()
    given = load(Config.of(config.read_text(), config)).architecture
    np.savez(answers, outputs=outputs.logits(loaded(given, Path(file).read_bytes()), probes_given).numpy())
    return place.json("verify", "--case", case, "--kind", "logits", "--outputs", answers, code=code)["named"]


def test_without_codewords_pack_and_kit_are_made(new_shop, tmp_path):
    """The error says which commands give the devices codewords; with no devices there is none."""
    config = new_shop(tmp_path, epochs="1")
    said = run(config, code=1)["error"]
    assert len(said.splitlines()) == 1
    assert "edge-0, edge-1 lack codewords" in said
    assert "countermark copy reserve" in said
    assert (tmp_path / "out/signing.safetensors").exists()
    config.write_text(config.read_text().replace('["edge-0", "edge-1"]', "[]"))
    assert run(config)["copies"] == []
    config.write_text(config.read_text().replace("strength = 0.3", "strength = 0.2"))
    assert "other strength; choose another `out`" in run(config, code=1)["error"]


def test_a_changed_copy_is_not_overwritten(undisturbed, tmp_path):
    """It is named; moved away, it is made again, to the same bytes. Another codeword is another training."""
    shutil.copytree(undisturbed[0].parent, tmp_path, dirs_exist_ok=True)
    config, copy = tmp_path / "digits.toml", tmp_path / "out/copies/edge-0.safetensors"
    whole = copy.read_bytes()
    copy.write_bytes(whole[:-1] + b"x")
    assert "edge-0.safetensors is not what this distillation gives" in run(config, code=1)["error"]
    copy.unlink()
    run(config)
    assert copy.read_bytes() == whole
    np.save(tmp_path / "codewords/edge-0.npy", -np.load(tmp_path / "codewords/edge-0.npy"))
    assert "other targets" in run(config, code=1)["error"]
    np.save(tmp_path / "codewords/edge-0.npy", np.ones(5))
    assert "5 bits, the release 180" in run(config, code=1)["error"]


WRONG = {
    "features": ('"fc"', "no module is called 'fc'"),
    "head": ('"fc"', "no module is called 'fc'"),
    "components": ("4000", "components = 4000, .* rank"),
    "probes": ('"teacher.json"', "teacher.json is no npy, npz or safetensors"),
    "test": ('"transfer.npz"', "needs `labels`"),
    "transfer": ('"nothing.npz"', "nothing.npz"),
    "weights": ('"digits.toml"', "no safetensors file"),
    "epochs": ("0", r"\[recipe\] epochs = 0; it must be a whole number"),
}


@pytest.mark.parametrize("key", WRONG)
def test_what_is_wrong_is_said_before_anything_is_trained(new_shop, tmp_path, key):
    """One line; no clean student was begun."""
    value, said = WRONG[key]
    result = CliRunner().invoke(app, ["distil", str(new_shop(tmp_path, **{key: value}))])
    assert (result.exit_code, result.stdout) == (1, "")
    assert len(result.stderr.splitlines()) == 1
    assert not list((tmp_path / "out").glob("training/*"))
    assert re.search(said, result.stderr)


def test_a_wrong_command_line_is_usage(digits):
    """A key to sign with, and nothing to sign; no configuration at all."""
    assert CliRunner().invoke(app, ["distil", str(digits / "digits.toml"), "--sign-key", "x"]).exit_code == 2
    assert CliRunner().invoke(app, ["distil"]).exit_code == 2
