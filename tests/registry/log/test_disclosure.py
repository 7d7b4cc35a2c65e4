"""Selective disclosure: one row of a verdict opens, and the others stay shut."""

import dataclasses

import pytest

from fingerprint.verdict import DeviceScore, Verdict
from registry.errors import ProofInvalid
from registry.log import disclosure

SALT = bytes(range(32))
ROWS = tuple(
    DeviceScore(device=f"edge-{n}", copy=f"{n:032x}", score=9.0 - n, p_value=1e-9, family_wise_p=1e-8, named=n == 0)
    for n in range(3)
)
VERDICT = Verdict(
    release="sha256:aa",
    scheme="subspace",
    kind="logits",
    probes=60,
    bits=24,
    devices=3,
    alpha=1e-6,
    threshold=5.5,
    observation_digest="sha256:bb",
    ranked=ROWS,
)


def test_one_row_opens() -> None:
    """Summary, row and salt give the verdict with that row alone, and the summary names no other device."""
    summary = disclosure.summary_bytes(VERDICT, SALT)
    row, salt = disclosure.row_bytes(ROWS[1]), disclosure.row_salt(SALT, ROWS[1].copy)
    assert disclosure.open_verdict(summary, row=row, salt=salt) == dataclasses.replace(VERDICT, ranked=(ROWS[1],))
    assert b"edge" not in summary


def test_a_salt_opens_its_own_row_only() -> None:
    """Another row under this salt, or another salt, or a changed row, opens nothing."""
    summary, salt = disclosure.summary_bytes(VERDICT, SALT), disclosure.row_salt(SALT, ROWS[0].copy)
    better = dataclasses.replace(ROWS[0], score=99.0)
    for row, key in ((ROWS[1], salt), (ROWS[0], disclosure.row_salt(SALT, ROWS[1].copy)), (better, salt)):
        with pytest.raises(ProofInvalid):
            disclosure.open_verdict(summary, row=disclosure.row_bytes(row), salt=key)


def test_summaries_differ_with_any_row() -> None:
    """A verdict with one other row, or in another case, has another summary."""
    other = dataclasses.replace(VERDICT, ranked=ROWS[:2])
    assert disclosure.summary_bytes(VERDICT, SALT) != disclosure.summary_bytes(other, SALT)
    assert disclosure.summary_bytes(VERDICT, SALT) != disclosure.summary_bytes(VERDICT, bytes(32))
