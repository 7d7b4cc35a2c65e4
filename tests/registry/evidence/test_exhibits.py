"""What the registry discloses in a pack, and what it refuses to make one of."""

import json
from typing import Any

import pytest
from securesystemslib.dsse import Envelope

from fingerprint import canonical
from fingerprint.codeword import pack_bits
from fingerprint.pack import VerifierPack
from registry.errors import (
    CaseUndecided,
    DeviceForgotten,
    MalformedEvidence,
    MalformedValue,
    NotShown,
    UnknownCase,
)
from registry.evidence import container, contents, envelope
from registry.log import disclosure


def test_of_other_devices_a_pack_holds_a_number(world: Any, evidence: bytes, codeword_key_of: Any) -> None:
    """No other device's name, codeword, key, nonce or row, and not the accused's own key, is among its bytes."""
    with world.store.reading() as registry:
        candidates = registry.candidates(world.tenant, "digits-1")
        recorded = registry.verdict(world.tenant, world.cases["leaked"])
    members = container.read(evidence)
    everything = b"\n".join([*members.values(), _payload(members)])
    for name in ("edge-0", "edge-2"):
        assert name.encode() not in everything
    keys = [codeword_key_of(name) for name in ("edge-0", "edge-1", "edge-2")]
    secrets = [pack_bits(row) for row, device in zip(candidates.codewords, candidates.devices, strict=True)]
    mine = [row.device for row in recorded.verdict.ranked if recorded.names[row.device] == "edge-1"]
    hidden = [word for word, device in zip(secrets, candidates.devices, strict=True) if device not in mine]
    assert len(hidden) == 2
    rows = [disclosure.row_bytes(row) for row in recorded.verdict.ranked if row.device not in mine]
    for secret in (*keys, *hidden, *rows):
        assert secret not in everything
        assert secret.hex().encode() not in everything
        assert contents.to_text(secret).encode() not in everything


def test_other_releases_stay_closed(world: Any, evidence: bytes) -> None:
    """The one release key in a pack is its own release's; keys of releases are drawn independently."""
    own = VerifierPack.from_bytes(container.read(evidence)[contents.PACK])
    other = own.release_key[::-1]
    everything = b"\n".join([*container.read(evidence).values(), _payload(container.read(evidence))])
    assert own.release_key.hex().encode() in everything
    assert other.hex().encode() not in everything


def _payload(members: dict[str, bytes]) -> bytes:
    return Envelope.from_dict(json.loads(members[contents.STATEMENT])).payload


def test_the_statement_is_in_toto_in_dsse(world: Any, evidence: bytes) -> None:
    """Securesystemslib reads the envelope, and its encoding is what our verifier checks."""
    members = container.read(evidence)
    signed = Envelope.from_dict(json.loads(members[contents.STATEMENT]))
    assert signed.pae() == envelope.signed_bytes(signed.payload)
    statement = json.loads(signed.payload)
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == envelope.PREDICATE_TYPE
    assert {each["name"] for each in statement["subject"]} == set(members) - {contents.STATEMENT}
    said = statement["predicate"]
    assert set(said["propositions"]) == {"h0", "h1"}
    assert said["negativeControls"]["otherCopies"]["ranked"] == 2
    assert said["doesNotShow"]
    environment = json.loads(members[contents.ENVIRONMENT])
    assert environment["packages"]["numpy"]
    assert environment["code"].startswith("sha256:")


def test_who_is_accused_must_be_clear(world: Any) -> None:
    """A verdict that names nobody, or several, needs a name; one that it does not rank is refused."""
    for case, device in (("clean", None), ("leaked", "edge-9"), ("clean", "")):
        with pytest.raises(MalformedValue):
            world.pack(case, device=device)


def test_controls_are_other_cases_of_the_release(world: Any) -> None:
    """The case itself is no control, nor is a case that is open or unknown."""
    with world.store.unit() as registry:
        still_open = registry.open_case(world.tenant, "digits-1", suspect="x").id
    for control, error in (
        (world.cases["leaked"], MalformedValue),
        (still_open, CaseUndecided),
        ("0" * 32, UnknownCase),
    ):
        with pytest.raises(error):
            world.pack(negative=[control])
    with pytest.raises(MalformedValue, match="at most"):
        world.pack(positive=[world.cases["again"]] * 51)
    with pytest.raises(CaseUndecided), world.store.reading() as registry:
        registry.exhibits(world.tenant, still_open)


def test_another_tenant_gets_no_pack(world: Any) -> None:
    """A case of another tenant is unknown, as a case and as a control."""
    with world.store.unit() as registry:
        stranger = registry.create_tenant("stranger").id
    with pytest.raises(UnknownCase), world.store.reading() as registry:
        registry.exhibits(stranger, world.cases["leaked"])


def test_odd_attachments_are_refused(world: Any) -> None:
    """Whatever would not pass the verifier is not handed out."""
    with world.store.reading() as registry:
        exhibits = registry.exhibits(world.tenant, world.cases["leaked"])
        with pytest.raises(NotShown, match="container"):
            registry.seal_pack(exhibits, {"notes.txt": b"hello"})
        with pytest.raises(MalformedEvidence):
            registry.seal_pack(exhibits, {"../notes.txt": b"hello"})
        assert container.read(registry.seal_pack(exhibits, {"report.html": b"<html>"}))["report.html"] == b"<html>"


def test_a_forgotten_device_cannot_be_accused(filled: Any, decided: Any) -> None:
    """Once its key is destroyed nothing that the log says of it opens."""
    with filled.store.reading() as registry:
        names = registry.verdict(filled.tenant, decided.case_id).names
        assert registry.exhibits(filled.tenant, decided.case_id, device="pump 1").members
    row = next(row for row in decided.verdict.ranked if names[row.device] == "pump 1")
    with filled.store.unit() as registry:
        registry.forget_device(filled.tenant, "pump 1")
    with filled.store.reading() as registry:
        forgotten = registry.verdict(filled.tenant, decided.case_id).names.get(row.device, row.device)
        with pytest.raises((DeviceForgotten, MalformedValue)):
            registry.exhibits(filled.tenant, decided.case_id, device=forgotten)
    assert canonical.digest(decided.verdict.to_bytes()) == decided.verdict_digest
