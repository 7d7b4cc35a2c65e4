"""What never changes is fetched once."""

import pytest


@pytest.fixture
def paths(standing):
    """Addresses of immutable things."""
    case = standing.service.client().open_case("digits-1", suspect="x")
    return [
        "/v1/releases/digits-1/pack",
        "/v1/releases/digits-1/commitment",
        f"/v1/cases/{case.id}/probes",
        f"/v1/cases/{case.id}/probes?format=safetensors",
    ]


def test_an_immutable_thing_is_sent_once(standing, paths):
    """With its tag in If-None-Match the answer is 304 without a body; with another it is whole. So are log entries."""
    web, auth = standing.service.web, standing.service.auth()
    tags = set()
    paths += [f"/v1/log/entries/{index}" for index in range(2)]
    for path in paths:
        whole = web.get(path, headers=auth)
        tag = whole.headers["etag"]
        tags.add(tag)
        assert "immutable" in whole.headers["cache-control"]
        for known in (tag, f'"other", {tag}', f"W/{tag}", "*"):
            same = web.get(path, headers={**auth, "If-None-Match": known})
            assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
        for unknown in ('"other"', "", "nonsense"):
            assert web.get(path, headers={**auth, "If-None-Match": unknown}).content == whole.content
    assert len(tags) == len(paths)
    missing = web.get("/v1/log/entries/999999", headers={**auth, "If-None-Match": "*"})
    assert missing.status_code == 404


def test_a_tag_gives_no_rights(standing, paths):
    """A stranger or another tenant with the right tag is refused as without it."""
    service = standing.service
    for path in paths:
        tag = service.web.get(path, headers=service.auth()).headers["etag"]
        assert service.web.get(path, headers={"If-None-Match": tag}).status_code == 401
        assert service.web.get(path, headers={**service.auth(tenant="rival"), "If-None-Match": tag}).status_code == 404
