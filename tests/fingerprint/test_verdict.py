"""A verdict: a value with canonical bytes, never a bare bool."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fingerprint.errors import CanonicalMalformed, ParameterError
from fingerprint.verdict import DOES_NOT_PROVE, DeviceScore, Verdict

FINITE = st.floats(-20, 20)
ROWS = st.lists(
    st.builds(
        DeviceScore,
        device=st.sampled_from(("a", "b", "c")),
        copy=st.text(max_size=4),
        score=FINITE,
        p_value=st.floats(0, 1),
        family_wise_p=st.floats(0, 1),
        named=st.booleans(),
    ),
    max_size=4,
).map(lambda rows: tuple(sorted(rows, key=lambda row: -row.score)))


def verdict(**changed):
    """A verdict with some fields changed."""
    fields = {
        "release": "sha256:aa",
        "scheme": "subspace",
        "kind": "logits",
        "probes": 10,
        "bits": 24,
        "devices": 3,
        "alpha": 1e-6,
        "threshold": 5.2,
        "observation_digest": "sha256:bb",
        "ranked": (),
    }
    return Verdict(**{**fields, **changed})


@given(ROWS, st.floats(1e-300, 0.99))
def test_round_trip(rows, alpha):
    """from_bytes(to_bytes(v)) is v, and the bytes are the same again."""
    value = verdict(ranked=rows, alpha=alpha)
    assert Verdict.from_bytes(value.to_bytes()) == value
    assert Verdict.from_bytes(value.to_bytes()).to_bytes() == value.to_bytes()


def test_it_is_no_bool():
    """`if verdict:` is an error."""
    with pytest.raises(TypeError, match="not a yes or no"):
        bool(verdict())


@given(ROWS)
def test_named_are_the_rows_that_say_so(rows):
    """Each named device once, best first; nobody named means unknown source."""
    value = verdict(ranked=rows)
    assert set(value.named) == {row.device for row in rows if row.named}
    assert len(value.named) == len(set(value.named))
    assert value.unknown_source == (not value.named)


def test_limits_are_part_of_it():
    """What it does not prove is in the bytes that are logged."""
    assert all(limit.encode() in verdict().to_bytes() for limit in DOES_NOT_PROVE)


def test_wrong_fields_are_refused():
    """Rising scores, an impossible alpha, a missing or unknown field, bytes of another value."""
    low, high = (DeviceScore(device="a", copy="", score=s, p_value=1, family_wise_p=1, named=False) for s in (0.0, 1.0))
    with pytest.raises(ParameterError):
        verdict(ranked=(low, high))
    with pytest.raises(ParameterError):
        verdict(alpha=0.0)
    with pytest.raises(ParameterError):
        Verdict.from_dict({"release": "x"})
    with pytest.raises(ParameterError):
        Verdict.from_dict({**verdict().to_dict(), "extra": 1})
    with pytest.raises(CanonicalMalformed):
        Verdict.from_bytes(b"{}")
