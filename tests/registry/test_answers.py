"""A decided case's answers: kept sealed, checked by the audit, and forgotten with their key."""

from pathlib import Path
from typing import Any

import pytest

from fingerprint import canonical
from fingerprint.pack import VerifierPack
from registry.errors import AnswersGone, BlobTampered, CaseUndecided, ForeignVerdict, SealBroken, VerdictTampered
from registry.records import RecordedVerdict

ON_EVERY_DATABASE = True


def test_answers_are_kept(filled: Any, decided: RecordedVerdict) -> None:
    """What comes back has the digest that the verdict's log entry names."""
    with filled.store.reading() as registry:
        assert canonical.digest(registry.answers(filled.tenant, decided.case_id)) == decided.observation_digest


def test_no_answers_before_a_verdict(filled: Any) -> None:
    """An open case has no answers to give, and a verdict recorded without them has none either."""
    with filled.store.unit() as registry:
        case = registry.open_case(filled.tenant, "v1", suspect="s")
        with pytest.raises(CaseUndecided):
            registry.answers(filled.tenant, case.id)


def test_other_answers_are_refused(filled: Any, decided: RecordedVerdict) -> None:
    """Answers that the verdict does not rest on are not kept with it."""
    with filled.store.unit() as registry:
        case = registry.open_case(filled.tenant, "v1", suspect="s")
        with pytest.raises(ForeignVerdict):
            registry.record_verdict(
                filled.tenant,
                case.id,
                decided.verdict,
                observation_digest=decided.observation_digest,
                answers=b"others",
            )


def test_a_key_destroyed_behind_the_registrys_back_is_found(
    data_dir: Path, filled: Any, decided: RecordedVerdict, raw_update: Any
) -> None:
    """Without the data key the answers are gone, and the audit misses the disposal that says so."""
    raw_update("UPDATE answers SET data_key = NULL")
    with filled.store.reading() as registry, pytest.raises(AnswersGone):
        registry.answers(filled.tenant, decided.case_id)
    with pytest.raises(VerdictTampered, match="no disposal"):
        filled.store.audit()


@pytest.mark.parametrize(
    ("edit", "error"),
    [
        (f"UPDATE answers SET file = 'sha256:{'9' * 64}'", BlobTampered),
        ("UPDATE answers SET data_key = x'00'", SealBroken),
        ("UPDATE answers SET file = (SELECT pack_file FROM release)", SealBroken),
    ],
)
def test_the_audit_sees_other_answers(
    data_dir: Path, filled: Any, decided: RecordedVerdict, raw_update: Any, edit: str, error: type[Exception]
) -> None:
    """Another file, another key and a file from elsewhere are found."""
    raw_update(edit)
    with pytest.raises(error):
        filled.store.audit()


def test_no_answer_is_readable_in_the_files(
    data_dir: Path, filled: Any, decided: RecordedVerdict, pack: VerifierPack
) -> None:
    """Nothing of the plain bytes is on the disk."""
    with filled.store.reading() as registry:
        plain = registry.answers(filled.tenant, decided.case_id)
    stored = b"".join(path.read_bytes() for path in sorted(data_dir.rglob("*")) if path.is_file())
    assert plain[-64:] not in stored
    assert plain[:40] not in stored
