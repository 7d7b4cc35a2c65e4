"""Cursors: opaque, and refused unless this service made them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.pages import MalformedCursor, decode, encode

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(key=TEXT)
def test_a_cursor_stands_for_its_key(key):
    """Decoding gives back what was encoded."""
    assert decode(encode(key)) == key
    assert decode(None) is None


@given(cursor=TEXT)
def test_a_made_up_cursor_is_refused(cursor):
    """Only what `encode` gives is accepted: any other text is an error, never another one."""
    try:
        key = decode(cursor)
    except MalformedCursor:
        return
    assert encode(key) == cursor


def test_lists_are_read_page_by_page(service, enrolled):
    """Following `next` lists every device and every API key once, in order; the last page has none."""
    client = service.client()
    names = [f"edge-{i}" for i in range(5)]
    for name in reversed(names):
        enrolled(client, name)
    for listing, wanted in ((client.devices, names), (client.api_keys, sorted(service.tokens["acme"]))):
        seen, after = [], None
        while True:
            page = listing(after=after, limit=2)
            assert len(page.items) <= 2
            seen += [each.name for each in page.items]
            after = page.next
            if after is None:
                break
        assert seen == wanted


@pytest.mark.parametrize(
    "query", [{"after": "x"}, {"limit": "0"}, {"limit": "1001"}, {"limit": "x"}, {"colour": "red"}]
)
@pytest.mark.parametrize(
    "path",
    [
        "/v1/devices",
        "/v1/releases",
        "/v1/copies",
        "/v1/copies/by-artefact/sha256:" + "0a" * 32,
        "/v1/cases",
        "/v1/api-keys",
        "/v1/log/entries/0/timestamps",
    ],
)
def test_a_bad_page_is_one_clear_problem(standing, path, query):
    """A damaged cursor, a limit out of range and an unknown parameter are refused."""
    answer = standing.service.web.get(path, params=query, headers=standing.service.auth())
    assert answer.status_code == 422
    assert answer.json()["type"] in {"/problems/malformed-cursor", "/problems/invalid-request"}
