"""The main job over HTTP: a leaked copy is traced to its device, a stranger to nobody."""

import hashlib

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from fingerprint.verdict import DOES_NOT_PROVE
from registry.log.tree import verify_inclusion


def _answers(kind, logits) -> np.ndarray:
    match kind:
        case "logits":
            return logits
        case "logprobs":
            return log_softmax(logits, axis=1)
        case "probs":
            return softmax(logits, axis=1)
        case _:
            return logits.argmax(axis=1)


@pytest.mark.parametrize("kind", ["logits", "logprobs", "probs"])
def test_a_copy_is_traced_to_its_device(standing, kind):
    """Whatever kind of answers the suspect gives, the device whose copy it is is named and no other."""
    client = standing.service.client("investigate")
    case = client.open_case("digits-1", suspect="model at example.com")
    logits = standing.world.copy(standing.codewords["edge-1"], client.probes(case.id))
    verdict = client.send_outputs(case.id, _answers(kind, logits), kind=kind)
    assert verdict.named == ["edge-1"]
    assert not verdict.unknown_source
    assert verdict.ranked[0].copy_id == standing.copies["edge-1"]
    assert verdict.ranked[0].score >= verdict.threshold > verdict.ranked[1].score
    assert verdict.devices == 3  # every enrolled device counts, whether it got a copy or not
    assert verdict.does_not_prove == list(DOES_NOT_PROVE)
    assert client.case(case.id).decided


def test_a_clean_model_has_an_unknown_source(standing):
    """A model without a signature is nobody's copy."""
    client = standing.service.client("investigate")
    case = client.open_case("digits-1", suspect="a stranger")
    probes = client.probes(case.id)
    noise = np.random.default_rng(3).normal(size=(len(probes), 6))
    verdict = client.send_outputs(case.id, standing.world.clean(probes) + 0.1 * noise, kind="logits")
    assert verdict.named == []
    assert verdict.unknown_source


def test_the_verdict_proves_that_it_stands_in_the_log(standing):
    """The answer's audit path leads from the entry's hash to the root of the checkpoint, which is signed."""
    client = standing.service.client()
    case = client.open_case("digits-1", suspect="a copy")
    logits = standing.world.copy(standing.codewords["edge-0"], client.probes(case.id))
    verdict = client.send_outputs(case.id, logits, kind="logits")
    proof, entry = verdict.log.proof, client.entry(verdict.log.entry_index)
    assert proof.leaf_hash == hashlib.sha256(b"\0" + entry.data).digest()
    verify_inclusion(proof.leaf_hash, proof.index, proof.size, tuple(proof.hashes), proof.checkpoint.root)
    assert verdict.verdict_digest.encode() in entry.data
    assert client.verdict(case.id).verdict_digest == verdict.verdict_digest


def test_probes_come_as_npz_or_safetensors(standing):
    """The Accept header or ?format= chooses; both hold the same inputs."""
    client, web = standing.service.client(), standing.service.web
    case = client.open_case("digits-1", suspect="a copy")
    np.testing.assert_array_equal(client.probes(case.id), standing.world.pack.probes)
    path, auth = f"/v1/cases/{case.id}/probes", standing.service.auth("investigate")
    default = web.get(path, headers=auth)
    chosen = web.get(path, headers={**auth, "Accept": "application/vnd.safetensors"})
    asked = web.get(path, params={"format": "safetensors"}, headers=auth)
    assert default.headers["content-type"] == "application/x-npz"
    assert chosen.headers["content-type"] == "application/vnd.safetensors"
    assert chosen.content == asked.content
    refused = web.get(path, headers={**auth, "Accept": "text/html"})
    assert (refused.status_code, refused.json()["type"]) == (406, "/problems/not-acceptable")
