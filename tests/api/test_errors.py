"""The table from errors to problems is complete and unambiguous."""

import re

import pytest

from api import errors
from api.problems import HTTP_KINDS


def _leaves(error) -> list[type[Exception]]:
    children = error.__subclasses__()
    return [leaf for child in children for leaf in _leaves(child)] if children else [error]


LEAVES = [leaf for root in errors.ROOTS for leaf in _leaves(root)]


@pytest.mark.parametrize("leaf", LEAVES, ids=lambda leaf: leaf.__name__)
def test_every_error_has_a_problem_with_a_way_out(leaf):
    """Each leaf of each tree has a status that means something, a title and a way out."""
    kind = errors.kind_of(leaf)
    assert kind.status in {401, 403, 404, 409, 413, 415, 422, 429, 500, 503}
    assert kind.way_out.endswith(".")
    assert kind.title.endswith((".", ":"))
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", kind.slug)


def test_no_two_errors_share_a_type():
    """A problem's type says which error it was."""
    classes = [error for root in errors.ROOTS for error in errors._descend(root)]
    slugs = [errors.kind_of(error).slug for error in classes] + [kind.slug for kind in HTTP_KINDS]
    assert len(set(slugs)) == len(set(classes)) + len(HTTP_KINDS)


def test_a_problems_type_leads_to_its_explanation(standing):
    """What `type` points to is there, for every kind, without a key."""
    listed = standing.service.web.get("/problems").json()
    assert {kind["type"] for kind in listed} >= {"/problems/unknown-device", "/problems/body-too-large"}
    for kind in listed:
        assert standing.service.web.get(kind["type"]).json() == kind
    assert standing.service.web.get("/problems/nonsense").status_code == 404
