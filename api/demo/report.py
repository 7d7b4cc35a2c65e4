"""demo/report.html: one file, no network, readable without knowing the mathematics."""

from importlib.metadata import version

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from api.demo import pictures
from api.demo.result import Demonstration
from fingerprint.verdict import DOES_NOT_PROVE


def render(shown: Demonstration) -> str:
    """The report as HTML with its pictures inside."""
    environment = Environment(loader=PackageLoader("api.demo", "."), autoescape=True, undefined=StrictUndefined)
    return environment.get_template("report.html").render(
        shown=shown,
        version=version("countermark"),
        scores=Markup(pictures.scores(shown)),  # noqa: S704 - our own SVG; names in it are drawn as outlines
        tradeoff=Markup(pictures.accuracy_against_score(shown)),  # noqa: S704 - as above
        limits=DOES_NOT_PROVE,
    )
