"""Bills of materials: valid by CycloneDX's own schema, with digests that find the copies, and nobody's name."""

import json

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from api.client import ServiceError
from api.model_cards import ForeignSummary, with_measured

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
    models = [each for each in fields["components"] if each["type"] == "machine-learning-model"]
    assert {each["bom-ref"] for each in models} == set(released.copies.values())
    assert {each["hashes"][0]["content"] for each in models} == {DIGEST}
    assert reserved.copy_id not in document.decode()
    assert "edge-" not in document.decode()
    assert client.bom("digits-1") == document
    assert client.copies_of_artefact(f"sha256:{DIGEST}").items


def test_one_copys_document_tells_of_no_other(released):
    """What goes with a copy's file holds that copy."""
    client, copy = released.service.client(), released.copies["edge-1"]
    document = client.bom("digits-1", copy=copy).decode()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(document) is None
    assert [each["bom-ref"] for each in json.loads(document)["components"] if each["type"] != "data"] == [copy]
    assert released.copies["edge-0"] not in document


def test_models_have_cards(released, world):
    """Release and copies, nothing else: task, shapes, the committed probes by reference, limits, nothing measured."""
    client = released.service.client()
    fields = json.loads(client.bom("digits-1"))
    committed = json.loads(client.commitment("digits-1"))
    *copies, probes = fields["components"]
    assert (probes["type"], probes["bom-ref"]) == ("data", committed["probes"])
    assert "modelCard" not in probes
    for each in (fields["metadata"]["component"], *copies):
        card = each["modelCard"]
        assert set(card) == {"modelParameters", "considerations"}
        assert card["modelParameters"] == {
            "task": "classification",
            "datasets": [{"ref": committed["probes"]}],
            "inputs": [{"format": f"float32 array of shape (n, {world.pack.probes.shape[1]})"}],
            "outputs": [{"format": f"scores of {world.pack.classes} classes, or the best class"}],
        }
        limits = " ".join(card["considerations"]["technicalLimitations"])
        assert f"{world.pack.bits} bits" in limits
        assert f"{world.pack.alpha:g}" in limits


def summary_of(world, **more):
    """What `countermark distil --json` would print of the release in `released`."""
    files = [{"device": "edge-0", "file": "a", "digest": f"sha256:{DIGEST}", "accuracy": 0.91}]
    data = {"transfer": "sha256:" + "1" * 64, "test": "sha256:" + "2" * 64}
    said = {"release_id": world.pack.release_id, "copies": files, "layers": ["conv", "relu", "linear"], "data": data}
    return json.dumps({**said, "teacher_accuracy": 0.95, **more}).encode()


def test_what_was_measured_goes_onto_cards(released, world):
    """Architecture, datasets by digest, accuracies of teacher and copies; another serial number; still valid."""
    plain = released.service.client().bom("digits-1")
    document = with_measured(plain, summary_of(world))
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(document.decode()) is None
    fields = json.loads(document)
    assert fields["serialNumber"] != json.loads(plain)["serialNumber"]
    known = {each["bom-ref"] for each in fields["components"]}
    models = [each for each in fields["components"] if "modelCard" in each]
    metrics = []
    for each in (fields["metadata"]["component"], *models):
        parameters = each["modelCard"]["modelParameters"]
        assert parameters["architectureFamily"] == "convolutional neural network"
        assert parameters["modelArchitecture"] == "conv, relu, linear"
        assert {each["ref"] for each in parameters["datasets"]} < known
        (metric,) = each["modelCard"]["quantitativeAnalysis"]["performanceMetrics"]
        metrics.append((metric["type"], metric["value"], metric["slice"]))
    test = "sha256:" + "2" * 64
    assert metrics == [("accuracy of the teacher", "0.95", test), *[("accuracy", "0.91", test)] * len(models)]


def test_what_was_not_measured_is_not_there(released, world):
    """No accuracy without one in the summary, no family for layers of another kind."""
    plain = released.service.client().bom("digits-1")
    document = json.loads(with_measured(plain, summary_of(world, layers=["relu"], copies=[], teacher_accuracy=None)))
    cards = [each["modelCard"] for each in (document["metadata"]["component"], *document["components"][:-3])]
    assert all("quantitativeAnalysis" not in card for card in cards)
    assert all("architectureFamily" not in card["modelParameters"] for card in cards)


@pytest.mark.parametrize("more", [{"release_id": "sha256:" + "0" * 64}, {"layers": None}, {"data": 1}, {"copies": [1]}])
def test_a_foreign_summary_is_refused(released, world, more):
    """Of another release, or out of form."""
    with pytest.raises(ForeignSummary):
        with_measured(released.service.client().bom("digits-1"), summary_of(world, **more))


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
    (place.path / "summary.json").write_bytes(summary_of(world))
    measured = place.path / "measured.cdx.json"
    place.json("release", "bom", "digits-1", "--out", measured, "--measured", place.path / "summary.json")
    card = json.loads(measured.read_text())["metadata"]["component"]["modelCard"]
    assert card["quantitativeAnalysis"]["performanceMetrics"][0]["value"] == "0.95"
    (place.path / "summary.json").write_bytes(b"{}")
    place.run("release", "bom", "digits-1", "--out", out, "--measured", place.path / "summary.json", code=1)
