"""The sequential plan: fixed bytes, few probes when evidence is strong, alpha kept over all looks."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fingerprint import canonical
from fingerprint.errors import CanonicalMalformed, ParameterError
from fingerprint.statistics import Look, SequentialPlan, run_looks
from fingerprint.statistics.sequential import TAG

plans = st.builds(
    lambda counts, alphas: SequentialPlan(
        release="sha256:00", looks=tuple(Look(probes=n, alpha=a) for n, a in zip(sorted(counts), alphas, strict=False))
    ),
    st.sets(st.integers(2, 10**6), min_size=1, max_size=8),
    st.lists(st.floats(1e-12, 0.1), min_size=8, max_size=8),
)


@given(plans)
def test_round_trip(plan):
    """from_bytes(to_bytes) is the plan, and its digest is that of its bytes."""
    assert SequentialPlan.from_bytes(plan.to_bytes()) == plan
    assert plan.digest == canonical.digest(plan.to_bytes())


@given(st.integers(2, 10**7), st.floats(1e-12, 0.5), st.integers(2, 5000))
def test_doubling_ends_at_all_probes_and_never_overspends(probes, alpha, first):
    """Counts double, the last look has every probe, the parts sum to at most alpha and hardly less."""
    plan = SequentialPlan.doubling("sha256:00", probes=probes, alpha=alpha, first=first)
    counts = [look.probes for look in plan.looks]
    assert counts[-1] == probes
    assert all(b == 2 * a for a, b in pairwise(counts[:-1]))
    assert alpha * (1 - 1e-12) <= plan.alpha <= alpha


def test_innocents_are_named_no_more_often_than_alpha_over_all_looks():
    """4,000 fleets of 50 unrelated devices, five looks, evidence that grows: named in at most a share alpha = 0.2."""
    rng, carriers, alpha = np.random.default_rng(7), 64, 0.2
    plan = SequentialPlan.doubling("sha256:00", probes=5000, alpha=alpha)
    fleets, named = 4000, 0
    for _ in range(fleets):
        steps = rng.normal(size=(len(plan.looks), carriers)).cumsum(axis=0)
        evidence = dict(zip([look.probes for look in plan.looks], steps, strict=True))
        codewords = rng.choice([-1.0, 1.0], size=(50, carriers))
        named += bool(run_looks(plan, lambda n, c=codewords, e=evidence: c @ e[n] / np.linalg.norm(e[n])).named)
    assert named / fleets <= alpha + 4 * np.sqrt(alpha * (1 - alpha) / fleets)
    assert named > 0  # the simulation does reach the thresholds


def test_a_suspect_that_adapts_to_being_asked_on_gains_nothing():
    """It changes all its answers after every look that did not stop: still at most alpha."""
    rng, carriers, alpha, fleets, named = np.random.default_rng(8), 48, 0.2, 4000, 0
    plan = SequentialPlan.doubling("sha256:00", probes=4000, alpha=alpha)
    for _ in range(fleets):
        codewords = rng.choice([-1.0, 1.0], size=(20, carriers))

        def scores(n: int, c: np.ndarray = codewords) -> np.ndarray:
            fresh = rng.normal(size=carriers) ** (1 + 2 * (n > 1000))  # concentrated once it is asked on
            return c @ fresh / np.linalg.norm(fresh)

        named += bool(run_looks(plan, scores).named)
    assert named / fleets <= alpha + 4 * np.sqrt(alpha * (1 - alpha) / fleets)


def test_it_stops_at_the_first_look_that_names():
    """Later probes are not asked for; an unknown source takes every look."""
    plan, asked = SequentialPlan.doubling("sha256:00", probes=4000, alpha=1e-6), []

    def scores(n: int) -> np.ndarray:
        asked.append(n)
        return np.array([0.1, n / 200])

    found = run_looks(plan, scores)
    assert (asked, found.look.probes, found.taken, found.named) == ([500, 1000, 2000], 2000, 3, (1,))
    nobody = run_looks(plan, lambda n: np.zeros(3), tests=10)
    assert (nobody.taken, nobody.named, nobody.look.probes) == (4, (), 4000)
    assert run_looks(plan, lambda n: np.zeros(0)).named == ()


@pytest.mark.parametrize(
    "looks",
    [[], [(1, 0.1)], [(500, 0.1), (500, 0.1)], [(500, 0.1), (400, 0.1)], [(500, 0.0)], [(500, 0.6), (600, 0.6)]],
)
def test_plans_that_are_none_are_refused(looks):
    """No looks, one probe, counts that do not rise, nothing spent, more than one spent."""
    with pytest.raises(ParameterError):
        SequentialPlan(release="sha256:00", looks=tuple(Look(probes=n, alpha=a) for n, a in looks))


def test_other_refusals():
    """A plan without release, a first look of one probe, fewer tests than devices."""
    with pytest.raises(ParameterError):
        SequentialPlan.doubling("", probes=1000, alpha=0.1)
    with pytest.raises(ParameterError):
        SequentialPlan.doubling("sha256:00", probes=1000, alpha=0.1, first=1)
    with pytest.raises(ParameterError):
        run_looks(SequentialPlan.doubling("r", probes=9, alpha=0.1), lambda n: np.zeros(3), tests=2)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"release": "r", "looks": [[500]], "bound": "b"},
        {"release": "r", "looks": [[500, 0.1]], "bound": "another"},
        {"release": "r", "looks": [[500, 0]], "bound": "b"},
    ],
)
def test_other_bytes_are_refused(fields):
    """Missing fields, a look that is no pair, another bound, no alpha."""
    with pytest.raises(CanonicalMalformed):
        SequentialPlan.from_bytes(canonical.encode(TAG, fields))
