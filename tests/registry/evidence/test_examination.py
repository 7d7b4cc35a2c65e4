"""The recipe on whole packs: what passes, and which step stops whom."""

import json
from typing import Any

import numpy as np
import pytest

from fingerprint import canonical
from fingerprint.observation import observe
from registry.evidence import container, contents
from registry.evidence.case_file import CaseFile
from registry.evidence.examination import FAILED, NOT_REACHED, OK, STEPS, Examination, examine
from registry.log.cosignature import Ed25519Cosigner
from registry.log.note import Ed25519Signer
from registry.log.policy import Policy
from registry.log.timestamp import Authorities
from registry.witness.messages import AddCheckpoint


def test_a_pack_passes_every_step(world: Any, evidence: bytes) -> None:
    """The accused is named, and what is found is what the registry recorded."""
    found = examine(world.file(evidence))
    assert found.verified
    assert [step.result for step in found.steps] == [OK] * len(STEPS)
    with world.store.reading() as registry:
        row = registry.verdict(world.tenant, world.cases["leaked"]).verdict.ranked[0]
    assert found.finding is not None
    assert (found.finding["score"], found.finding["named"]) == (row.score, True)
    assert (found.accused, found.suspect) == ("edge-1", "model 'leaked' at shop.example")
    assert (
        "negative: 0 named of 2; positive: 1 named of 1; verdicts about this release so far: 4"
        in found.steps[13].detail
    )


def test_an_examination_is_no_yes_or_no(world: Any, evidence: bytes) -> None:
    """It has no truth value, and its JSON form names the failed step."""
    found = examine(world.file(evidence[:-1]))
    with pytest.raises(TypeError):
        bool(found)
    assert json.loads(json.dumps(found.to_dict()))["failed_step"] == 1
    assert found.finding is None


def test_a_device_that_is_not_named_gets_a_pack_too(world: Any) -> None:
    """A pack can say that the accused is not named: it clears as well as it accuses."""
    found = examine(world.file(world.pack("clean", device="edge-1")))
    assert found.verified
    assert found.finding is not None
    assert not found.finding["named"]


def test_the_holder_of_the_key_checks_the_codeword(world: Any, evidence: bytes, codeword_key_of: Any) -> None:
    """The accused's own key passes the last step, another's fails it."""
    assert examine(world.file(evidence, codeword_key=codeword_key_of("edge-1"))).verified
    assert _failed(world.file(evidence, codeword_key=codeword_key_of("edge-0"))) == "own key"


def test_another_log_is_not_trusted(evidence: bytes) -> None:
    """Somebody else's log, and a policy without logs, fail the signature."""
    vkey = Ed25519Signer("example.com/log", bytes(32)).verifier.vkey()
    for policy in (f"log {vkey}\nquorum none\n", "quorum none\n"):
        assert _failed(CaseFile(data=evidence, policy=Policy.parse(policy.encode()))) == "signature"


def test_a_quorum_that_did_not_cosign_fails(world: Any, evidence: bytes) -> None:
    """A reader who asks for a witness is not content without it."""
    witness = Ed25519Cosigner("w.example", bytes(32), lambda: 0).verifier.vkey()
    policy = world.policy.decode().replace("quorum none", f"witness w {witness}\nquorum w")
    assert _failed(CaseFile(data=evidence, policy=Policy.parse(policy.encode()))) == "checkpoint"


def _failed(file: CaseFile) -> str:
    """Name of the failed step; later ones were not reached, earlier ones held."""
    found: Examination = examine(file)
    assert found.failed is not None, found
    number = found.failed.step
    assert [each.result for each in found.steps] == [OK] * (number - 1) + [FAILED] + [NOT_REACHED] * (16 - number)
    assert found.failed.detail
    return found.failed.name


def _set(*path: str, to: Any) -> Any:
    def change(_: dict[str, bytes], predicate: dict[str, Any]) -> None:
        for name in path[:-1]:
            predicate = predicate[name]
        assert predicate[path[-1]] != to
        predicate[path[-1]] = to

    return change


def _member(name: str, edit: Any) -> Any:
    def change(members: dict[str, bytes], _: dict[str, Any]) -> None:
        before = members[name]
        members[name] = edit(before)
        assert members[name] != before

    return change


def _drop(*names: str) -> Any:
    def change(members: dict[str, bytes], _: dict[str, Any]) -> None:
        for name in names:
            del members[name]

    return change


def _swap(one: str, other: str) -> Any:
    def change(members: dict[str, bytes], _: dict[str, Any]) -> None:
        members[one], members[other] = members[other], members[one]

    return change


def _later_checkpoint(data: bytes) -> bytes:
    growth = AddCheckpoint.parse(data)
    return AddCheckpoint(old=growth.old + 1, hashes=growth.hashes, note=growth.note).render()


def _other_answers(data: bytes) -> bytes:
    del data
    answers = np.random.default_rng(0).normal(size=(150, 5))
    return observe("logits", answers, probes=150, classes=5).to_bytes()


def _lower_alpha(data: bytes) -> bytes:
    fields = canonical.decode(contents.COMMITMENT_TAG, data)
    return canonical.encode(contents.COMMITMENT_TAG, {**fields, "alpha": 0.01})


def _last_float(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


def _stated(name: str, value: Any) -> Any:
    """A better finding, in statement and row alike."""

    def change(members: dict[str, bytes], predicate: dict[str, Any]) -> None:
        row = canonical.decode("countermark/verdict-row", members[contents.ROW])
        members[contents.ROW] = canonical.encode("countermark/verdict-row", {**row, name: value})
        predicate["finding"][name] = value

    return change


FORGED = [
    ("container", lambda members, _: members.update({"notes.txt": b"hello"})),
    ("members", _drop(contents.EXCHANGES)),
    ("members", _drop("environment.json")),
    ("checkpoint", _set("log", "size", to=99)),
    ("checkpoint", _set("log", to=None)),
    ("checkpoint", _drop("log/verdict.entry", "log/verdict.tlog-proof")),
    ("inclusion", _drop("log/enrolment.entry", "log/enrolment.tlog-proof")),
    ("inclusion", _swap("log/enrolment.entry", "log/commitment.entry")),
    ("inclusion", _swap("log/issue.tlog-proof", "log/verdict.tlog-proof")),
    ("inclusion", _member("log/verdict.entry", lambda data: data.replace(b'"version":1', b'"version": 1'))),
    ("inclusion", lambda members, _: members.update({"log/issue.entry": members["log/verdict.entry"]})),
    ("order", lambda members, _: members.update({contents.BEFORE_NONCE: members["log/commitment.tlog-proof"]})),
    ("order", _member(contents.GROWTH, _later_checkpoint)),
    ("order", _member(contents.GROWTH, lambda data: b"old 4\n\n" + data.partition(b"\n\n")[2])),
    ("openings", _set("accused", "device", to="edge-2")),
    ("openings", _set("accused", "deviceId", to="0" * 32)),
    ("openings", _set("accused", "copy", to="0" * 32)),
    ("openings", _set("release", "name", to="digits-2")),
    ("openings", _set("case", "suspect", to="another model")),
    ("openings", _set("case", "id", to="0" * 32)),
    ("openings", _set("accused", "nonce", to=contents.to_text(bytes(32)))),
    ("openings", _set("accused", "codeword", to=contents.to_text(bytes(12)))),
    ("openings", _set("accused", "codewordSalt", to="not base64")),
    ("logged verdict", _set("finding", "familyWiseP", to=0.0)),
    ("logged verdict", _set("finding", "devices", to=1)),
    ("logged verdict", _set("finding", "named", to=False)),
    ("logged verdict", _set("finding", to=[])),
    ("logged verdict", _set("accused", "rowSalt", to=contents.to_text(bytes(32)))),
    ("logged verdict", _stated("score", 12.5)),
    ("logged verdict", _member(contents.SUMMARY, lambda data: data.replace(b'"devices":3', b'"devices":2'))),
    ("release", _member(contents.PACK, _last_float)),
    ("release", _member(contents.COMMITMENT, _lower_alpha)),
    ("answers", _member(contents.ANSWERS, _other_answers)),
    ("answers", _member(contents.EXCHANGES, lambda data: data[:-65] + b"0" * 64 + b"\n")),
    ("answers", _set("acquisition", "requests", to="sha256:" + "0" * 64)),
    ("fresh codewords", _set("negativeControls", "freshCodewords", "reachingThreshold", to=3)),
    ("fresh codewords", _set("negativeControls", "freshCodewords", "greatest", to=1.0)),
    ("fresh codewords", _set("negativeControls", "freshCodewords", "count", to=10**9)),
    ("fresh codewords", _set("negativeControls", "freshCodewords", "count", to="many")),
    ("control models", _member("controls/0.observation", _other_answers)),
    ("control models", _swap("controls/0.entry", "controls/1.entry")),
    ("control models", _set("positiveControls", to=[])),
    ("control models", _set("tests", "verdicts", to=3)),
    ("control models", _set("tests", "devices", to=1)),
    ("control models", _set("tests", to=None)),
    ("control models", lambda _, said: said["negativeControls"]["models"][0].update(score=-3.0)),
    ("control models", lambda _, said: said["negativeControls"]["models"][1].update(named=True)),
    ("control models", lambda _, said: said["negativeControls"]["models"][1].update(suspect="my own model")),
    ("control models", lambda _, said: said["positiveControls"][0].update(expectNamed=False)),
    ("time stamps", lambda members, _: members.update({"timestamps/verdict.tsr": b"0"})),
    ("time stamps", _set("timeStamps", to=[{"entry": "verdict", "statedTime": "2026-11-24T00:00:00.000000Z"}])),
]


@pytest.mark.parametrize(("step", "change"), FORGED)
def test_whoever_has_the_logs_key_is_stopped_too(
    world: Any, evidence: bytes, plain: bytes, forge: Any, step: str, change: Any
) -> None:
    """A pack that was changed and signed again by the log itself fails at the step that the recipe names."""
    assert _failed(world.file(forge(evidence if step == "control models" else plain, change))) == step


def test_a_statement_of_another_kind_is_refused(world: Any, plain: bytes, forge: Any) -> None:
    """Any place in the statement may hold anything: the examination returns, and says which step failed."""
    for name in ("case", "accused", "release", "finding", "negativeControls", "acquisition", "timeStamps"):
        for value in (None, 7, "text", [1], {"a": 1}):

            def change(_: dict[str, bytes], said: dict[str, Any], name: str = name, value: Any = value) -> None:
                said[name] = value

            found = examine(world.file(forge(plain, change)))
            assert found.failed is not None


def test_wrong_arithmetic_is_found(world: Any, evidence: bytes) -> None:
    """The verdict step compares with what it computes itself: another codeword gives another score."""
    file = world.file(evidence)
    verdict = STEPS[11].check
    assert verdict(file)
    for other in (-file.codeword, np.roll(file.codeword, 1)):
        wrong = world.file(evidence)
        wrong.__dict__["codeword"] = other  # a cached property, read before the step
        with pytest.raises(Exception, match="score recomputed"):
            verdict(wrong)


def test_members_are_read_back(evidence: bytes) -> None:
    """The zip is read by any tool, and its answers have the digest that the log's entry holds."""
    members = container.read(evidence)
    assert canonical.digest(members[contents.ANSWERS]) in members["log/verdict.entry"].decode()
    assert canonical.digest(members[contents.PACK]) in members["log/commitment.entry"].decode()


def test_a_time_stamp_is_verified_for_whoever_names_the_authority(
    stamped: tuple[Any, bytes], authority: Any, other_authority: Any
) -> None:
    """Stamps of the entries' checkpoints are in the pack; without roots they are listed, with others' they fail."""
    world, pack = stamped
    unverified = examine(world.file(pack))
    assert unverified.verified
    assert "not verified" in unverified.steps[14].detail
    named = examine(world.file(pack, authorities=Authorities.from_pem(authority.roots)))
    assert named.verified
    assert "verdict: in the log by 20" in named.steps[14].detail
    other = Authorities.from_pem(other_authority.roots)
    assert _failed(world.file(pack, authorities=other)) == "time stamps"


def test_cosignatures_are_in_the_pack(cosigned: tuple[Any, bytes]) -> None:
    """A policy whose quorum cosigned is met, and the step says who did."""
    world, pack = cosigned
    found = examine(CaseFile(data=pack, policy=Policy.parse(world.policy_of_own_cosigner)))
    assert found.verified
    assert "cosigned by own" in found.steps[3].detail
