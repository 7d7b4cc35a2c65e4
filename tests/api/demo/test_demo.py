"""The demonstration's own logic: what counts as right, the JSON contract, a report that can be read offline."""

import dataclasses
import json
import re

import pytest
import torch
from typer.testing import CliRunner

from api.commands.demo import app
from api.demo import digits
from api.demo.report import render
from api.demo.result import Demonstration, Finding
from api.demo.run import is_replaceable
from registry.evidence.examination import OK, Examination, StepResult

ALPHA = 1e-6


def finding(**changed):
    """A second-hand copy of edge-4 that was named rightly, with some fields changed."""
    fields = {
        "name": "second-hand distilled",
        "kind": "logprobs",
        "true_devices": ("edge-4",),
        "must_name": True,
        "accuracy": 0.97,
        "named_devices": ("edge-4",),
        "score": 9.7,
        "p_value": 1e-20,
        "family_wise_p": 8e-20,
        "alpha": ALPHA,
        "threshold": 5.37,
        "scores": {f"edge-{i}": 9.7 if i == 4 else 0.1 * i for i in range(1, 9)},
    }
    return Finding(**{**fields, **changed})


def shown(*findings):
    """A demonstration of these findings."""
    return Demonstration(
        devices=tuple(f"edge-{i}" for i in range(1, 9)),
        teacher_accuracy=0.98,
        clean_accuracy=0.97,
        copies={f"edge-{i}": 0.965 for i in range(1, 9)},
        findings=findings,
        log_size=32,
        log_root="sha256:00",
        pack=Examination(
            steps=(StepResult(step=1, name="container", result=OK, detail="whole"),),
            finding={"named": True},
            accused="edge-4",
            suspect="second-hand distilled",
        ),
        seconds=30.0,
    )


@pytest.mark.parametrize(
    ("changed", "right"),
    [
        ({}, True),
        ({"named_devices": ()}, False),
        ({"named_devices": ("edge-5",)}, False),
        ({"named_devices": ("edge-4", "edge-5")}, False),
        ({"true_devices": ("edge-4", "edge-5"), "must_name": False}, True),
        ({"true_devices": ("edge-4", "edge-5"), "must_name": False, "named_devices": ()}, True),
        ({"true_devices": ("edge-4", "edge-5"), "must_name": False, "named_devices": ("edge-6",)}, False),
        ({"true_devices": (), "must_name": False, "named_devices": ()}, True),
        ({"true_devices": (), "must_name": False}, False),
    ],
)
def test_what_counts_as_right(changed, right):
    """No innocent ever; exactly the true device where the evidence must suffice."""
    assert finding(**changed).right == right
    assert shown(finding(), finding(**changed)).right == right


def test_the_json_contract():
    """The keys that others read, in plain JSON types."""
    numbers = json.loads(json.dumps(shown(finding()).to_dict()))
    assert numbers["devices"] == 8
    assert numbers["log"] == {"size": 32, "root": "sha256:00", "audited": True}
    keys = "name kind true_devices named_devices accuracy score p_value family_wise_p alpha"
    assert set(numbers["suspects"][0]) == set(keys.split())
    assert numbers["accuracy_cost_points"] == pytest.approx(0.5)


def test_the_report_needs_no_network_and_escapes_names():
    """Two pictures inside, nothing loaded from elsewhere, hostile names harmless."""
    page = render(shown(finding(), dataclasses.replace(finding(), name="<script>alert(1)</script>")))
    assert page.count("<svg") == 2
    assert "<script" not in page
    assert not re.search(r"""(src|href)=["']https?:""", page)


def test_only_an_earlier_registry_is_replaced(tmp_path):
    """An absent, empty or half-made registry may go; a folder with anything else in it is refused by the command."""
    place = tmp_path / "registry"
    assert is_replaceable(place)
    place.mkdir()
    assert is_replaceable(place)
    (place / "kek.key").touch()
    assert is_replaceable(place)
    (place / "thesis.tex").touch()
    assert not is_replaceable(place)
    assert CliRunner().invoke(app, ["--out", str(tmp_path)]).exit_code == 2
    assert (place / "thesis.tex").exists()


def test_the_split_is_fixed_and_disjoint():
    """500 test images that no training sees; mixtures stay within the range of images and are drawn by name."""
    data = digits.load()
    assert (len(data.test), len(data.train)) == (500, 1297)
    assert torch.equal(data.test, digits.load().test)
    mixed, again, other = (
        digits.with_mixtures(data.test, 50, of=data.train, key=b"k" * 32, purpose=purpose) for purpose in "aab"
    )
    assert torch.equal(mixed[:500], data.test)
    assert torch.equal(mixed, again)
    assert not torch.equal(mixed[500:], other[500:])
    assert float(mixed.min()) >= 0
    assert float(mixed.max()) <= 1
