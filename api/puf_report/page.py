"""The page and its figures."""

import base64
from dataclasses import asdict
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined

from api.puf_report import pictures
from fingerprint.extractor import GOLAY_256, POLAR_128, POLAR_256
from fingerprint.puf.analysis import Analysis
from fingerprint.puf.bootstrap import Estimate
from fingerprint.puf.fit import Fit
from fingerprint.puf.metrics import Metrics

PROFILES = (POLAR_256, POLAR_128, GOLAY_256)


def figures(found: Analysis, *, kind: str, source: str) -> dict[str, Any]:
    """The analysis as plain JSON."""
    fit = {name: value for name, value in _plain(found.fit).items() if name not in ("observed", "expected")}
    failure = {p.name: p.failure_bound(min(0.5, found.fit.error_observed)) for p in PROFILES}
    return {
        "kind": kind,
        "source": source,
        "metrics": _plain(found.metrics),
        "fit": fit,
        "unhealthy_readouts": found.unhealthy,
        "within_mean": float(found.within.mean()),
        "within_worst": float(found.within.max()),
        "key_failure_at_most": failure,
    }


def page(found: Analysis, *, kind: str, source: str) -> str:
    """The HTML page, pictures inside."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(files(__package__).joinpath("report.html").read_text(encoding="utf-8"))
    return template.render(
        data=figures(found, kind=kind, source=source),
        rows=[
            ("Uniformity: ones in a response", _percent(found.metrics.uniformity), "50 %"),
            ("Uniqueness: distance between devices", _percent(found.metrics.uniqueness), "50 %"),
            ("Reliability: two reads of a cell agree", _percent(found.metrics.reliability), "100 %"),
            ("Bit aliasing: spread over bits", _percent(found.metrics.aliasing), "0 %"),
            ("Min-entropy per bit (aliasing only)", _number(found.metrics.min_entropy), "1"),
        ],
        pictures=[
            ("Do the cells follow the model?", _inside(pictures.one_probability(found))),
            ("Can devices be told apart?", _inside(pictures.distances(found))),
            ("Do bits lean the same way in every device?", _inside(pictures.aliasing(found))),
            ("How often would a key not come back?", _inside(pictures.key_failure(PROFILES, found.fit.error_observed))),
        ],
    )


def _plain(value: Fit | Metrics) -> dict[str, Any]:
    return asdict(value)


def _percent(estimate: Estimate) -> str:
    return f"{100 * estimate.value:.2f} % ({100 * estimate.low:.2f} to {100 * estimate.high:.2f})"


def _number(estimate: Estimate) -> str:
    return f"{estimate.value:.3f} ({estimate.low:.3f} to {estimate.high:.3f})"


def _inside(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")
