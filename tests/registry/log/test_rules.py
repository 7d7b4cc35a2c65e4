"""The ledger's rules: a whole story keeps them, and every entry out of place is named."""

from datetime import UTC, datetime
from typing import Any

import pytest

from registry.errors import RuleBroken
from registry.log import entries
from registry.log.rules import Rules
from registry.records import EntryKind

AT = datetime(2026, 11, 24, tzinfo=UTC)
DIGEST, OTHER = "sha256:" + "0" * 64, "sha256:" + "1" * 64
Step = tuple[EntryKind, dict[str, Any]]


def enrolment(device: str = "d", tenant: str = "t") -> Step:
    """A device is enrolled."""
    return EntryKind.ENROLMENT, entries.enrolment(
        tenant=tenant, device=device, salt=b"s", name="n", helper_digest=DIGEST, identity="0f", commitment="c", at=AT
    )


def commitment(release: str = "r") -> Step:
    """A release is committed."""
    return EntryKind.COMMITMENT, entries.commitment(
        tenant="t", release=release, salt=b"s", name="n", pack=DIGEST, commitment=DIGEST, alpha=1e-6, bits=8, at=AT
    )


def reservation(copy: str = "c", device: str = "d", release: str = "r", after: int = 2) -> Step:
    """A copy is reserved."""
    return EntryKind.RESERVATION, entries.reservation(
        tenant="t", copy=copy, release=release, device=device, nonce=b"n", codeword="c", after=after, at=AT
    )


def issue(copy: str = "c") -> Step:
    """A copy is issued."""
    return EntryKind.ISSUE, entries.issue(tenant="t", copy=copy, artefact=DIGEST, method="minted", at=AT)


def verdict(case: str = "k", release: str = "r") -> Step:
    """A case is decided."""
    return EntryKind.VERDICT, entries.verdict(
        tenant="t",
        case=case,
        release=release,
        salt=b"s",
        suspect="x",
        observation=DIGEST,
        verdict=DIGEST,
        summary=DIGEST,
        at=AT,
    )


def revocation(device: str = "d") -> Step:
    """A device is revoked."""
    return EntryKind.REVOCATION, entries.revocation(tenant="t", device=device, at=AT)


def erasure(device: str = "d") -> Step:
    """A device is forgotten."""
    return EntryKind.ERASURE, entries.erasure(tenant="t", device=device, at=AT)


def disposal(case: str = "k") -> Step:
    """What the suspect of a case answered is destroyed."""
    return EntryKind.DISPOSAL, entries.disposal(tenant="t", case=case, at=AT)


def reenrolment(generation: int = 1, key: str | None = DIGEST, device: str = "d") -> Step:
    """A device is enrolled again."""
    return EntryKind.REENROLMENT, entries.reenrolment(
        tenant="t", device=device, generation=generation, helper_digest=DIGEST, identity="0f", possession=key, at=AT
    )


def possession(
    outcome: str = "proven", key: str = DIGEST, enrolment: int = 1, challenge: str = "q", device: str = "d"
) -> Step:
    """A proof of possession is judged."""
    return EntryKind.POSSESSION, entries.possession(
        tenant="t", device=device, challenge=challenge, asked=DIGEST, key=key, signature=DIGEST, outcome=outcome,
        enrolment=enrolment, at=AT,
    )  # fmt: skip


AGAIN = [enrolment(), reenrolment()]
OLD = {name: value for name, value in verdict()[1].items() if name != "summary"}
STORY = [enrolment(), commitment(), reservation(), issue(), verdict()]


def objection(*steps: Step) -> str | None:
    """What the rules say of the entries, taken in in order; None where each may stand."""
    rules = Rules()
    try:
        for index, (kind, fields) in enumerate(steps):
            rules.follow(index, kind, fields)
    except RuleBroken as broken:
        return str(broken)
    return None


def test_an_honest_story_keeps_the_rules() -> None:
    """Every kind of entry, a device of the same id at another tenant, and an erasure after a revocation."""
    told_later = disposal(), enrolment(tenant="other"), reservation("c2", after=2), revocation(), erasure()
    assert objection(enrolment(), commitment(), (EntryKind.VERDICT, {**OLD, "case": "first"}), verdict()) is None
    assert objection(*STORY, *told_later) is None
    proofs = [possession(), possession("foreign-key", OTHER, challenge="r"), possession("altered", challenge="s")]
    last = possession(enrolment=5, challenge="u")
    assert objection(*AGAIN, *proofs, reenrolment(2), revocation(), last, erasure()) is None


@pytest.mark.parametrize(
    ("steps", "what"),
    [
        ([*STORY, enrolment()], "enrolled before"),
        ([*STORY, disposal(), disposal()], "destroyed before"),
        ([*STORY, disposal("other")], "never decided"),
        ([*STORY, (EntryKind.VERDICT, {**OLD, "case": "l"})], "no summary"),
        ([reenrolment()], "not enrolled"),
        ([enrolment(), reenrolment(2)], "left out or given twice"),
        ([*AGAIN, reenrolment(1)], "left out or given twice"),
        ([enrolment(), revocation(), reenrolment()], "good standing"),
        ([*AGAIN, possession("proven", OTHER)], "called proven"),
        ([enrolment(), possession(enrolment=0)], "called proven"),
        ([*AGAIN, reenrolment(2, None), possession(enrolment=2)], "called proven"),
        ([*AGAIN, possession("foreign-key")], "called another device's"),
        ([*AGAIN, possession(), possession()], "answered before"),
        ([*AGAIN, possession(enrolment=0)], "another enrolment"),
        ([*AGAIN, possession(device="e")], "never enrolled"),
        ([*AGAIN, erasure(), possession()], "forgotten before"),
        ([*STORY, commitment()], "committed before"),
        ([enrolment(), reservation(after=1)], "before the release was committed"),
        ([enrolment(), reservation(after=1), commitment()], "before the release was committed"),
        ([enrolment(), commitment(), reservation(after=1)], "before the release was committed"),
        ([enrolment(), commitment(), reservation(after=3)], "before the release was committed"),
        ([enrolment("other"), commitment(), reservation()], "not enrolled"),
        ([enrolment(tenant="other"), commitment(), reservation()], "not enrolled"),
        ([*STORY, reservation()], "reserved before"),
        ([*STORY, revocation(), reservation("c2", after=3)], "good standing"),
        ([*STORY, erasure(), reservation("c2", after=3)], "good standing"),
        ([*STORY[:3], revocation(), issue()], "good standing"),
        ([*STORY, issue()], "issued before"),
        ([issue()], "never reserved"),
        ([*STORY, verdict()], "decided before"),
        ([verdict()], "never committed"),
        ([revocation()], "never enrolled"),
        ([enrolment(), revocation(), revocation()], "revoked before"),
        ([erasure()], "never enrolled"),
        ([enrolment(), erasure(), erasure()], "forgotten before"),
        ([(EntryKind.ENROLMENT, {})], "lacks a field"),
        ([enrolment(), commitment(), (EntryKind.RESERVATION, {**reservation()[1], "after": "2"})], "lacks a field"),
    ],
)
def test_an_entry_out_of_place_is_named(steps: list[Step], what: str) -> None:
    """What an operator would have to write to cheat breaks a rule, and the entry is named."""
    said = objection(*steps)
    assert said is not None
    assert what in said
    assert f"entry {len(steps) - 1}" in said or "after" not in steps[-1][1]
