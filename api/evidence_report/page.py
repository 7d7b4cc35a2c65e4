"""The report as one page of HTML: no script, no network."""

from importlib.resources import files

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from api.evidence_report import pictures
from api.evidence_report.account import Account


def page(told: Account) -> bytes:
    """The page, pictures inside."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(files(__package__).joinpath("report.html").read_text(encoding="utf-8"))
    return template.render(
        told=told,
        histogram=Markup(pictures.as_svg(pictures.histogram(told))),  # noqa: S704 - our own SVG, letters as outlines
        timeline=Markup(pictures.as_svg(pictures.timeline(told))),  # noqa: S704 - as above
    ).encode()
