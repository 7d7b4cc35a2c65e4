"""Commitments: one value, one string of bytes; nothing of it can be changed, left out or exceeded."""

import dataclasses

import pytest

from fingerprint import canonical, errors
from fingerprint.commitment import TAG, Commitment
from fingerprint.statistics import Look, SequentialPlan

CODE = "sha256:" + "c0" * 32
MODELS = ("sha256:" + "0a" * 32, "sha256:" + "0b" * 32)


@pytest.fixture
def commitment(release):
    """A commitment with everything that one can hold."""
    return Commitment.of(release.pack, code=CODE, reference_models=MODELS, first_look=20)


def test_bytes_and_value_are_one(release, commitment):
    """What is written is read back: whole, without a plan, and as it was before code was recorded."""
    bare = Commitment.of(release.pack, code=CODE)
    old = Commitment(pack=release.pack.commitment(), code=None)
    for each in (commitment, bare, old):
        assert Commitment.from_bytes(each.to_bytes()) == each
    assert old.to_bytes() == canonical.encode(TAG, release.pack.commitment())


def test_everything_a_verdict_rests_on_is_in_it(release, commitment):
    """Carriers' seed, probes, scheme and its version, statistic, bound, alpha, references, code and plan."""
    fields = canonical.decode(TAG, commitment.to_bytes())
    for name in ("carriers", "probes", "scheme", "scheme_version", "statistic", "bound", "alpha", "references"):
        assert fields[name] == release.pack.commitment()[name]
    assert (fields["code"], tuple(fields["reference_models"])) == (CODE, MODELS)
    plan = SequentialPlan.doubling(release.pack.release_id, probes=release.pack.count, alpha=1e-6, first=20)
    assert fields["sequential_plan"]["digest"] == plan.digest
    assert commitment.plan == plan


def test_every_part_changes_the_digest(release, commitment):
    """Another code, model, plan or pack is another commitment."""
    others = [
        dataclasses.replace(commitment, code="sha256:" + "c1" * 32),
        dataclasses.replace(commitment, reference_models=MODELS[:1]),
        dataclasses.replace(commitment, plan=None),
        Commitment.of(release.pack, code=CODE, reference_models=MODELS, first_look=30),
        Commitment.of(dataclasses.replace(release.pack, ridge=0.4), code=CODE, reference_models=MODELS, first_look=20),
    ]
    assert len({each.digest for each in (*others, commitment)}) == len(others) + 1


def test_models_are_sorted_each_once(release):
    """The order in which files were given does not matter."""
    given = (MODELS[1], MODELS[0], MODELS[1])
    assert Commitment.of(release.pack, code=CODE, reference_models=given).reference_models == MODELS
    with pytest.raises(errors.ParameterError, match="sorted"):
        Commitment(pack=release.pack.commitment(), code=CODE, reference_models=given)


def test_a_plan_beyond_the_release_is_refused(release, commitment):
    """More probes than the pack has, more alpha than it declares, or another release."""
    looks = (Look(probes=20, alpha=1e-7),)
    for plan in (
        SequentialPlan(release="sha256:00", looks=looks),
        SequentialPlan(release=release.pack.release_id, looks=(Look(probes=release.pack.count + 1, alpha=1e-7),)),
        SequentialPlan(release=release.pack.release_id, looks=(Look(probes=20, alpha=1e-5),)),
    ):
        with pytest.raises(errors.ParameterError):
            dataclasses.replace(commitment, plan=plan)
    with pytest.raises(errors.ParameterError):
        Commitment.of(release.pack, code=CODE, first_look=1)


@pytest.mark.parametrize(
    "change",
    [
        {"code": None},
        {"reference_models": list(reversed(MODELS))},
        {"sequential_plan": {"digest": CODE, "looks": [[20, 1e-7]]}},
        {"sequential_plan": {"digest": CODE}},
        {"sequential_plan": 7},
    ],
)
def test_bytes_that_are_no_commitment_are_refused(commitment, change):
    """A plan that is not the one whose digest is given, or fields that do not belong together."""
    fields = canonical.decode(TAG, commitment.to_bytes())
    with pytest.raises(errors.CanonicalMalformed):
        Commitment.from_bytes(canonical.encode(TAG, {**fields, **change}))
    left_out = {name: value for name, value in fields.items() if name not in change}
    with pytest.raises(errors.CanonicalMalformed):
        Commitment.from_bytes(canonical.encode(TAG, left_out))
