"""`countermark puf`: from files to figures, pictures and a page; bad files change nothing."""

import base64
import json
import re

import numpy as np
import pytest
from typer.testing import CliRunner

from api.commands.files import FileProblem
from api.commands.puf import app
from api.puf_report import figures, page, read_directory
from api.puf_report.reading import NothingMeasured
from fingerprint.errors import MeasurementMalformed, ParameterError
from fingerprint.puf import RingOscillatorPuf, SramPuf
from fingerprint.puf.analysis import analyse

RUNNER = CliRunner()
PNG = b"\x89PNG\r\n\x1a\n"


def _run(*args, code=0) -> str:
    result = RUNNER.invoke(app, [str(arg) for arg in args], env={"COLUMNS": "250"})
    assert result.exit_code == code, (result.output, result.exception)
    return result.stdout


def _json(*args) -> dict:
    return json.loads(_run(*args, "--json"))


@pytest.mark.parametrize(("kind", "bits"), [("ring-oscillator", 32), ("sram", 64)])
def test_simulate_then_report(tmp_path, kind, bits):
    """Simulated files pass through the loader to a page with four pictures and to the same figures as JSON."""
    measured = tmp_path / "lot"
    _run("simulate", measured, "--kind", kind, "--chips", 12, "--reads", 9, "--cells", 64, "--noise", 0.2,
         "--seed", "a lot")  # fmt: skip
    found = _json("report", measured, "--out", tmp_path / "a.html")
    assert (found["kind"], found["source"]) == (kind, "lot")
    assert (found["metrics"]["devices"], found["metrics"]["reads"], found["metrics"]["bits"]) == (12, 9, bits)
    assert 0.3 < found["metrics"]["uniqueness"]["value"] < 0.6
    assert 0.1 < found["fit"]["noise"] < 0.35
    html = (tmp_path / "a.html").read_text()
    pictures = [base64.b64decode(text) for text in re.findall(r"base64,([A-Za-z0-9+/=]+)", html)]
    assert len(pictures) == 4
    assert all(picture.startswith(PNG) for picture in pictures)
    assert "95 % interval" in _run("report", measured, "--out", tmp_path / "b.html")
    assert html == (tmp_path / "b.html").read_text()


def test_files_in_the_published_format_give_the_published_fit(tmp_path):
    """Ring oscillators with the published parameters, through files and report: lambda 0.0262, error 0.834 %."""
    lot = tmp_path / "lot"
    _run("simulate", lot, "--chips", 60, "--reads", 60, "--cells", 256, "--noise", 0.0262, "--seed", "published")
    first = (lot / "chip_1.csv").read_text().splitlines()
    assert (len(first), first[0].count(","), first[0][-1]) == (256, 60, ",")
    fit = _json("report", lot, "--out", tmp_path / "a.html")["fit"]
    assert abs(fit["noise"] - 0.0262) < 3 * fit["noise_error"] < 0.005
    assert fit["error_observed"] == pytest.approx(0.00834, abs=0.001)
    assert fit["error_expected"] == pytest.approx(0.00834, abs=0.001)


def test_without_a_seed_every_call_has_other_chips(tmp_path):
    """The seed that was drawn is told, and with it the same files come again."""
    args = ("--chips", 2, "--reads", 2, "--cells", 16)
    told = [_json("simulate", tmp_path / name, *args)["seed"] for name in ("a", "b")]
    _run("simulate", tmp_path / "c", *args, "--seed", told[0])
    a, b, c = ((tmp_path / name / "chip_1.csv").read_text() for name in "abc")
    assert told[0] != told[1]
    assert a == c != b


def test_simulation_keeps_default_noise_and_refuses_an_old_directory(tmp_path):
    """Without --noise the kinds' own; an existing directory and half a byte of SRAM are refused."""
    for kind in ("sram", "ring-oscillator"):
        _run("simulate", tmp_path / kind, "--kind", kind, "--chips", 2, "--reads", 2, "--cells", 16)
    result = RUNNER.invoke(app, ["simulate", str(tmp_path / "sram")])
    assert isinstance(result.exception, FileProblem)
    _run("simulate", tmp_path / "odd", "--kind", "sram", "--cells", 12, code=2)
    assert not (tmp_path / "odd").exists()


def test_files_are_read_in_the_order_of_their_numbers(tmp_path):
    """chip_2 comes before chip_10, for every pairing; SRAM boards likewise."""
    batch = RingOscillatorPuf.manufacture("order", oscillators=32, devices=11)
    hertz = batch.measure(np.random.default_rng(1), reads=2)
    for chip in range(11):
        rows = "\n".join(",".join(f"{x:.0f}" for x in row) for row in hertz[chip].T)
        (tmp_path / f"chip_{chip + 1}.csv").write_text(rows)
    for pairs, bits in (("disjoint", 16), ("chain", 31), ("apart", 16)):
        kind, responses = read_directory(tmp_path, pairs=pairs)
        assert (kind, responses.shape) == ("ring-oscillator", (11, 2, bits))
    chain = read_directory(tmp_path, pairs="chain")[1]
    assert np.array_equal(chain, (hertz[..., :-1] > hertz[..., 1:]).astype(np.uint8))
    with pytest.raises(ParameterError, match="no pairing"):
        read_directory(tmp_path, pairs="circle")


def test_bad_directories_are_refused_and_nothing_is_written(tmp_path):
    """No directory, nothing measured, both kinds, a malformed row: one error, no page."""
    out = tmp_path / "page.html"
    (tmp_path / "empty").mkdir()
    both = tmp_path / "both"
    (both / "board").mkdir(parents=True)
    (both / "board" / "1.bin").write_bytes(b"\x00")
    (both / "chip.csv").write_text("1,2\n")
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "chip_1.csv").write_text("1,2\n3,x\n")
    for name, error, reason in (
        ("absent", NothingMeasured, "no directory"),
        ("empty", NothingMeasured, "neither"),
        ("both", NothingMeasured, "both"),
        ("broken", MeasurementMalformed, "chip_1.csv, row 2"),
    ):
        result = RUNNER.invoke(app, ["report", str(tmp_path / name), "--out", str(out)])
        assert isinstance(result.exception, error)
        assert reason in str(result.exception)
        assert not out.exists()


def test_unhealthy_readouts_are_counted():
    """A stuck chip shows in the figures and on the page."""
    responses = SramPuf.manufacture("lot", cells=256, devices=5).read(np.random.default_rng(1), reads=4)
    stuck = responses.copy()
    stuck[2] = 0
    for given, unhealthy in ((responses, 0), (stuck, 4)):
        found = analyse(given, generator=np.random.default_rng(2))
        assert figures(found, kind="sram", source="lot")["unhealthy_readouts"] == unhealthy
        assert ("would be refused" in page(found, kind="sram", source="<lot>")) == bool(unhealthy)
    assert "<lot>" not in page(found, kind="sram", source="<lot>")


def test_profiles_are_listed():
    """Every named profile with what it leaves and how it fails; the default is proven at 15 %."""
    rows = {row["profile"].split("/")[0]: row for row in _json("profiles")["profiles"]}
    assert set(rows) == {"polar-256", "polar-128", "polar-128-short", "golay-256"}
    assert rows["polar-256"]["failure_at_most"]["0.15"] <= 1e-9
    assert all(row["bits_left"] >= row["key_bits"] for row in rows.values())
    assert "polar-256" in _run("profiles")


def test_the_attack_learns():
    """A thousand responses predict nine in ten of the others."""
    assert _json("attack", "--responses", 1000, "--seed", "an arbiter")["accuracy"] > 0.9
