"""The report: what it says of whom, whatever they are called."""

from dataclasses import replace

import numpy as np
import pytest

from api.evidence_report import reports
from fingerprint.replay.scoring import UNREACHABLE
from registry.dossier.exhibits import PROPOSITIONS, Exhibits, Milestone
from registry.evidence.contents import DOES_NOT_SHOW


def exhibits(*, named=True, device="edge-4", suspect="model at shop.example", models=(), others=None, issued=True):
    """Exhibits with some particulars changed."""
    score = 9.5 if named else 1.2
    predicate = {
        "propositions": PROPOSITIONS,
        "case": {"id": "0" * 32, "suspect": suspect},
        "release": {"name": "digits-1"},
        "accused": {
            "device": device,
            "copy": "1" * 32,
            "artefact": "sha256:" + "0a" * 32 if issued else None,
            "method": "minted" if issued else None,
        },
        "finding": {
            "named": named,
            "score": score,
            "familyWiseP": 1e-20 if named else 0.9,
            "threshold": 5.37,
            "alpha": 1e-6,
            "devices": 8,
            "probes": 5000,
            "kind": "logits",
            "bound": "min(a, b)",
        },
        "tests": {"devices": 8, "verdicts": 7},
        "negativeControls": {
            "freshCodewords": {"count": 500, "greatest": 3.2, "reachingThreshold": 0},
            "otherCopies": {"ranked": 0 if others is None else 3, "greatest": others},
            "models": [each for each in models if not each["expectNamed"]],
        },
        "positiveControls": [each for each in models if each["expectNamed"]],
        "acquisition": {"requests": "sha256:aa", "responses": "sha256:bb", "recorded": None},
        "sequential": {"look": 1, "of": 3, "plan": "sha256:cc"},
        "log": {"origin": "example.com/log", "size": 32},
        "doesNotShow": list(DOES_NOT_SHOW),
        "madeAt": "2026-11-24T08:00:00.000000Z",
    }
    steps = ("device enrolled", "release committed", "nonce drawn, codeword fixed", "copy issued", "verdict recorded")
    timeline = [Milestone(what=what, index=n, at="2026-11-24T08:00:00.000000Z") for n, what in enumerate(steps)]
    fresh = np.random.default_rng(0).normal(size=500)
    return Exhibits(predicate=predicate, members={}, fresh_scores=fresh, timeline=tuple(timeline))


def test_a_named_device():
    """The page says who is named, by how much, what it shows and what it does not; the document is PDF."""
    made = reports(exhibits(others=2.4))
    page = made["report.html"].decode()
    assert "edge-4 is named." in page
    assert "1.0e-20" in page
    assert "greatest t = 2.40" in page
    assert "at look 1 of 3" in page
    assert page.count("<svg") == 2
    for sentence in DOES_NOT_SHOW:
        assert sentence.replace("'", "&#39;") in page
    assert made["report.pdf"].startswith(b"%PDF-")
    assert made == reports(exhibits(others=2.4))


def test_a_device_that_is_not_named():
    """The page says so, and that it is no proof of innocence; what was not run is said."""
    page = reports(exhibits(named=False, issued=False))["report.html"].decode()
    assert "edge-4 is not named" in page
    assert "is no proof" in page
    assert "not recorded as issued" in page
    assert page.count("not run for this pack") == 2


def test_a_scheme_that_can_name_nobody():
    """Where no score suffices both forms say so, and no number of 309 digits is in them."""
    told = exhibits(named=False)
    finding = {**told.predicate["finding"], "scheme": "static", "threshold": UNREACHABLE}
    made = reports(replace(told, predicate={**told.predicate, "finding": finding}))
    page = made["report.html"].decode()
    assert "can name nobody among 8 devices" in page
    assert "no score names anybody" in page
    assert "1797693134862315" not in page
    assert made["report.pdf"].startswith(b"%PDF-")


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "a & b", "東京 7", "x" * 128, "$x_{y}$ \\n%s"])
def test_any_name_is_only_text(name):
    """Names of devices, suspects and control models are never markup, and never break a document."""
    control = {"suspect": name, "score": 0.1, "named": False, "expectNamed": False}
    made = reports(exhibits(device=name, suspect=name, models=[control, {**control, "expectNamed": True}]))
    page = made["report.html"].decode()
    assert "<script" not in page
    assert "default-src 'none'" in page
    assert made["report.pdf"].startswith(b"%PDF-")
