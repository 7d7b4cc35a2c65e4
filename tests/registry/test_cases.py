"""Cases: opened, decided once, and only by a verdict about them."""

import dataclasses
from typing import Any

import pytest

from fingerprint.verdict import Verdict
from registry.errors import CaseDecided, CaseUndecided, ForeignVerdict, MalformedDigest, MalformedName, UnknownCase
from registry.records import RecordedVerdict

ON_EVERY_DATABASE = True

ANSWERS = "sha256:" + "d" * 64


def make_verdict(filled: Any, **changes: Any) -> Verdict:
    """A verdict about `v1` that names nobody."""
    verdict = Verdict(
        release=filled.release.release_id,
        scheme="subspace",
        kind="logits",
        probes=60,
        bits=24,
        devices=3,
        alpha=1e-6,
        threshold=5.5,
        observation_digest=ANSWERS,
        ranked=(),
    )
    return dataclasses.replace(verdict, **changes)


def test_a_case_is_open_until_it_is_decided(filled: Any) -> None:
    """An open case has no verdict; a decided one has the verdict that was recorded."""
    with filled.store.unit() as registry:
        case = registry.open_case(filled.tenant, "v1", suspect="shop.example")
        assert not case.decided
        with pytest.raises(CaseUndecided):
            registry.verdict(filled.tenant, case.id)
    with filled.store.unit() as registry:
        recorded = registry.record_verdict(filled.tenant, case.id, make_verdict(filled), observation_digest=ANSWERS)
    with filled.store.reading() as registry:
        assert registry.case(filled.tenant, case.id) == dataclasses.replace(case, decided=True)
        assert registry.verdict(filled.tenant, case.id) == recorded
        assert registry.cases(filled.tenant).items == (dataclasses.replace(case, decided=True),)


def test_a_case_is_decided_once(filled: Any, decided: RecordedVerdict) -> None:
    """A second verdict is refused and changes nothing."""
    with pytest.raises(CaseDecided), filled.store.unit() as registry:
        registry.record_verdict(filled.tenant, decided.case_id, make_verdict(filled), observation_digest=ANSWERS)
    with filled.store.reading() as registry:
        assert registry.verdict(filled.tenant, decided.case_id) == decided
    assert filled.store.audit().entries["verdict"] == 1


def test_a_foreign_verdict_is_refused(filled: Any) -> None:
    """A verdict about another release or other answers is not recorded."""
    with filled.store.unit() as registry:
        case = registry.open_case(filled.tenant, "v1", suspect="shop.example").id
        for wrong in ({"release": "sha256:" + "0" * 64}, {"observation_digest": "sha256:" + "0" * 64}):
            with pytest.raises(ForeignVerdict):
                registry.record_verdict(filled.tenant, case, make_verdict(filled, **wrong), observation_digest=ANSWERS)
        with pytest.raises(MalformedDigest):
            registry.record_verdict(filled.tenant, case, make_verdict(filled), observation_digest="none")
        assert not registry.case(filled.tenant, case).decided
    assert "verdict" not in filled.store.audit().entries


def test_unknown_cases(filled: Any) -> None:
    """An id that no case has is unknown; a suspect needs a name."""
    with filled.store.unit() as registry:
        for use in (registry.case, registry.verdict):
            with pytest.raises(UnknownCase):
                use(filled.tenant, "0" * 32)
        with pytest.raises(UnknownCase):
            registry.record_verdict(filled.tenant, "\x00", make_verdict(filled), observation_digest=ANSWERS)
        with pytest.raises(MalformedName):
            registry.open_case(filled.tenant, "v1", suspect="")


def test_a_suspect_may_be_called_what_its_makers_call_it(filled: Any) -> None:
    """A slash is part of many models' names; a suspect is described, not addressed."""
    with filled.store.unit() as registry:
        opened = registry.open_case(filled.tenant, "v1", suspect="org/model at example.com")
    with filled.store.reading() as registry:
        assert registry.case(filled.tenant, opened.id).suspect == "org/model at example.com"


def test_pages_follow_each_other(filled: Any) -> None:
    """Cases come by id, page after page."""
    with filled.store.unit() as registry:
        opened = {registry.open_case(filled.tenant, "v1", suspect=f"s{number}").id for number in range(3)}
    with filled.store.reading() as registry:
        first = registry.cases(filled.tenant, limit=2)
        second = registry.cases(filled.tenant, after=first.next, limit=2)
    assert [case.id for case in (*first.items, *second.items)] == sorted(opened)
    assert second.next is None
