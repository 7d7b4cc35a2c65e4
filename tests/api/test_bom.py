"""Bills of materials: valid by CycloneDX's own schema, with digests that find the copies, and nobody's name."""

import json

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from api.client import ServiceError

DIGEST = "0a" * 32  # of both copies of the release in `released`


def test_a_release_is_a_bill_of_materials(released):
    """The release, its issued copies by digest, their log entries; no reserved copy, no device."""
    client = released.service.client()
    reserved = client.reserve_copy("digits-1", "edge-2")
    document = client.bom("digits-1")
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(document.decode()) is None
    fields = json.loads(document)
    release = client.release("digits-1")
    root = fields["metadata"]["component"]
    assert (root["type"], root["name"], root["version"]) == ("machine-learning-model", "digits-1", release.release_id)
    properties = {each["name"]: each["value"] for each in root["properties"]}
    assert properties["countermark:log-entry"] == str(release.entry_index)
    assert properties["countermark:commitment"] == release.commitment_digest
    assert {each["bom-ref"] for each in fields["components"]} == set(released.copies.values())
    assert {each["hashes"][0]["content"] for each in fields["components"]} == {DIGEST}
    assert reserved.copy_id not in document.decode()
    assert "edge-" not in document.decode()
    assert client.bom("digits-1") == document
    assert client.copies_of_artefact(f"sha256:{DIGEST}").items


def test_one_copys_document_tells_of_no_other(released):
    """What goes with a copy's file holds that copy."""
    client, copy = released.service.client(), released.copies["edge-1"]
    document = client.bom("digits-1", copy=copy).decode()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(document) is None
    assert [each["bom-ref"] for each in json.loads(document)["components"]] == [copy]
    assert released.copies["edge-0"] not in document


def test_what_is_not_there_is_said(released, another_world):
    """An unknown release, an unknown copy, and a copy of another release."""
    client = released.service.client()
    client.commit_release("digits-2", pack=another_world.pack.to_bytes())
    for release, copy, kind in (
        ("none", None, "unknown-release"),
        ("digits-1", "0" * 32, "unknown-copy"),
        ("digits-2", released.copies["edge-0"], "unknown-copy"),
    ):
        with pytest.raises(ServiceError) as caught:
            client.bom(release, copy=copy)
        assert caught.value.problem.type == f"/problems/{kind}"


def test_the_command_writes_a_new_file(place, world):
    """A release without copies is a document too; nothing is overwritten."""
    (place.path / "p").write_bytes(world.pack.to_bytes())
    place.json("release", "create", "digits-1", "--pack", place.path / "p")
    out = place.path / "digits-1.cdx.json"
    place.json("release", "bom", "digits-1", "--out", out)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(out.read_text()) is None
    place.run("release", "bom", "digits-1", "--out", out, code=1)
