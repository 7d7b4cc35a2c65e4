"""Strength, components and probes chosen for a goal, or a refusal that says why."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch import nn

from distill import outputs
from distill.errors import SettingsError, ShapeError
from distill.loop import Settings
from distill.planner import Binding, Cost, Goal, Grid, Materials, Method, Outcome, Shadows, plan, thin
from distill.planning.choice import Scouted, choose, offers
from distill.planning.refusal import binding
from distill.planning.result import Point, cost
from distill.planning.surface import Surface, monotone
from distill.release import prepare_release
from distill.transforms import Means, attack
from fingerprint import seeds
from fingerprint.observation import observe
from fingerprint.verify import Candidates, gather, judge

GRID = Grid(
    strengths=(0.03, 0.1, 0.3),
    components=(5, 10),
    shares=(0.25, 0.5, 1.0),
    scouts=2,
    confirmations=2,
    rounds=3,
    steps=9,
)
EASY = Goal(family_wise_p=1e-3, devices=10, points=3.0)


def other():
    """A thief's architecture."""
    return nn.Sequential(nn.Linear(6, 24), nn.Tanh(), nn.Linear(24, 4))


@pytest.fixture(scope="module")
def materials(task) -> Materials:
    """The task of conftest, its training data held out in name only: the planner's arithmetic is what is tested."""
    prepared = task.prepared
    thief = Means(
        inputs=task.inputs,
        labelled=task.inputs,
        labels=task.labels,
        same=prepared.student,
        other=other,
        head="head",
        training=Settings(epochs=5),
        seed=("tests", "thief"),
    )
    return Materials(
        teacher=task.teacher,
        features="body",
        student=prepared.student,
        head="head",
        transfer=prepared.transfer,
        probes=torch.tensor(prepared.pack.probes),
        held_out=task.inputs,
        held_out_labels=task.labels,
        thief=thief,
        recipe=replace(prepared.recipe, training=Settings(epochs=15, batch_size=64)),
    )


@pytest.fixture(scope="module")
def shadows(materials) -> Shadows:
    """Shared by all goals of this module."""
    return Shadows(materials=materials, seed=("tests", "planner"))


@pytest.fixture(scope="module")
def easy(shadows):
    """The plan for a goal that this task can meet."""
    return plan(shadows, EASY, grid=GRID)


def fresh_score(materials, found, number, *, attacked="none"):
    """Score of a new device's copy in a real release prepared by the plan."""
    probes = materials.probes[thin(len(materials.probes), found.point.probes)]
    prepared = prepare_release(
        materials.teacher,
        features=materials.features,
        student=materials.student,
        head=materials.head,
        transfer=materials.transfer,
        probes=probes,
        release_key=bytes(range(1, 33)),
        seed=("tests", "real release"),
        recipe=found.recipe(materials.recipe),
    )
    word = seeds.signs(b"e" * 32, "enrolled", number, count=prepared.pack.bits)
    minted = found.goal.method is Method.MINTED
    copy = prepared.mint(word) if minted else prepared.distil(word, seed=("tests", "enrolled", number)).model
    suspect = attack(attacked).run((copy,), materials.thief)
    pack, z = prepared.pack, outputs.logits(suspect, probes).numpy()
    candidates = Candidates(release=pack.release_id, devices=("x",), copies=("x",), codewords=word[None])
    evidence = gather(pack, observe("logits", z, probes=pack.count, classes=pack.classes))
    return judge(evidence, candidates, tests=found.goal.devices).ranked[0].score


def test_a_reachable_goal_is_met_and_a_real_release_meets_it(materials, easy):
    """Another release key, other trainings, a codeword that no shadow had: still over the threshold."""
    assert easy.outcome is Outcome.MET
    assert easy.binding is None
    assert easy.point.confirmed
    assert easy.point.low >= EASY.threshold
    assert easy.point.cost.points <= EASY.points
    assert easy.family_wise_p <= EASY.family_wise_p
    assert fresh_score(materials, easy, 1) >= EASY.threshold


def test_minted_copies_are_planned_with_an_attack(materials, shadows):
    """So is a goal after quantisation; the real minted copy passes after the same attack."""
    goal = replace(EASY, method=Method.MINTED, attack="int8")
    found = plan(shadows, goal, grid=GRID)
    assert found.outcome is Outcome.MET
    assert fresh_score(materials, found, 2, attacked="int8") >= goal.threshold


def test_plans_are_reproducible_from_their_seed(materials, easy):
    """The same materials and seed words give an equal plan."""
    assert plan(Shadows(materials=materials, seed=("tests", "planner")), EASY, grid=GRID) == easy


def test_more_bits_than_the_length_allows_is_refused(shadows):
    """p = 1e-30 for nothing needs t = 11.6 and more; 30 bits end at 5.5. The nearest goal is one it does meet."""
    found = plan(shadows, Goal(family_wise_p=1e-30, devices=1000, points=0.0), grid=GRID)
    assert found.outcome is Outcome.NOT_MET
    assert found.binding is Binding.LENGTH
    assert "components" in found.reason
    assert found.point.confirmed
    assert found.would_meet is None or found.point.meets(found.would_meet)


def test_too_little_score_is_refused_with_what_would_do(shadows):
    """A threshold just below the perfect score: the length would do, the copies do not."""
    found = plan(shadows, Goal(family_wise_p=2e-7, devices=1, points=50.0, power=0.99), grid=GRID)
    assert found.outcome is Outcome.NOT_MET
    assert found.binding is Binding.SCORE
    assert "probes" in found.reason
    assert found.would_meet is not None
    assert found.would_meet.family_wise_p > found.goal.family_wise_p
    assert found.point.meets(found.would_meet)


def scouted(points):
    """A made-up k whose copies cost so many points at eps = .1 and .4."""
    spent = tuple(Cost(points=p, standard_error=0.1, inputs=1000) for p in points)
    surface = Surface(
        strengths=np.array([0.1, 0.4]), probes=np.array([100.0, 400.0]), values=np.array([[3.0, 5.0], [6.0, 9.0]])
    )
    return (Scouted(components=10, bits=200, surface=surface, costs=spent, spread=0.3, freedom=8, shadows=3),)


SMALL = Grid(strengths=(0.1, 0.4), components=(10,), steps=9)


def test_the_least_strength_that_suffices_is_chosen():
    """Every offer before the chosen one fails; the scores are within what was measured."""
    goal = Goal(family_wise_p=1e-3, devices=100, points=1.0)
    offered = offers(scouted((0.0, 0.5)), (), goal, SMALL)
    point = choose(offered, (), goal)
    assert point is not None
    assert point.low >= goal.threshold
    assert not any(p.meets(goal) for p in offered[: offered.index(point)])
    assert all(3.0 <= p.score <= 9.0 for p in offered)


def test_a_cost_that_is_too_high_names_accuracy():
    """The score is there, but at a price; without the price it would be chosen."""
    goal = Goal(family_wise_p=1e-3, devices=100, points=0.2)
    offered = offers(scouted((0.3, 0.9)), (), goal, SMALL)
    assert choose(offered, (), goal) is None
    assert binding(scouted((0.3, 0.9)), offered, (), goal) is Binding.ACCURACY


def test_a_confirmation_corrects_what_is_offered_next():
    """Half the predicted score halves every offer; a strength that cost too much is never offered again."""
    goal = Goal(family_wise_p=1e-3, devices=100, points=0.6)
    before = offers(scouted((0.0, 0.5)), (), goal, SMALL)
    last = next(p for p in before if p.probes == 400 and p.strength > 0.2)
    weak = replace(last, score=last.score / 2, confirmed=True)
    after = offers(scouted((0.0, 0.5)), (weak,), goal, SMALL)
    assert [p.score for p in after] == pytest.approx([p.score / 2 for p in before])
    dear = replace(last, cost=replace(last.cost, points=0.7), confirmed=True)
    assert max(p.strength for p in offers(scouted((0.0, 0.5)), (dear,), goal, SMALL)) < last.strength


def test_rounds_that_are_spent_are_not_called_impossible():
    """An offer that was never confirmed remains: the search ended, nothing was shown to be out of reach."""
    goal = Goal(family_wise_p=1e-3, devices=100, points=1.0)
    offered = offers(scouted((0.0, 0.5)), (), goal, SMALL)
    assert binding(scouted((0.0, 0.5)), offered, (), goal) is Binding.SEARCH


@given(arrays(np.float64, (4, 3), elements=st.floats(-20, 20)))
def test_the_envelope_never_decreases_and_leaves_order_alone(values):
    """Along both axes; applied twice it changes nothing; it stays within the values' range."""
    once = monotone(values)
    assert (np.diff(once, axis=0) >= 0).all()
    assert (np.diff(once, axis=1) >= 0).all()
    assert np.allclose(monotone(once), once)
    assert values.min() - 1e-9 <= once.min() <= once.max() <= values.max() + 1e-9


@given(
    arrays(np.float64, (3, 3), elements=st.floats(0, 20)),
    st.floats(0.01, 1.0),
    st.floats(1.0, 3.0),
    st.floats(10, 5000),
)
@settings(max_examples=50)
def test_more_strength_or_probes_never_predict_less(values, strength, more, probes):
    """At any two places, inside and beyond the measured ones."""
    surface = Surface(
        strengths=np.array([0.05, 0.1, 0.4]), probes=np.array([50.0, 100.0, 2000.0]), values=monotone(values)
    )
    here = float(surface.at(strength, probes))
    assert float(surface.at(strength * more, probes)) >= here - 1e-9
    assert float(surface.at(strength, probes * more)) >= here - 1e-9


def test_the_cost_counts_answers_and_states_its_error():
    """Ten of 1,000 inputs lost: 1 point, with the binomial error of a paired difference."""
    clean, signed = np.ones((1, 1000)), np.ones((1, 1000))
    signed[0, :10] = 0
    found = cost(clean, signed)
    assert found.points == pytest.approx(1.0)
    assert found.standard_error == pytest.approx(100 * np.sqrt(0.01 * 0.99 / 1000), rel=0.01)
    assert cost(clean, clean).standard_error == pytest.approx(0.1)


def test_a_cost_is_only_shown_when_the_interval_is_within(easy):
    """An estimate within the goal is not yet a proof."""
    point = replace(easy.point, cost=Cost(points=0.1, standard_error=0.2, inputs=500))
    assert not replace(easy, point=point, goal=replace(EASY, points=0.2)).cost_shown
    assert replace(easy, point=point, goal=replace(EASY, points=0.6)).cost_shown


def test_thinned_probes_are_spread_evenly():
    """All of them, one, and never more than there are."""
    assert thin(5, 5).tolist() == [0, 1, 2, 3, 4]
    assert thin(1000, 10).tolist() == sorted(set(thin(1000, 10).tolist()))
    with pytest.raises(SettingsError):
        thin(5, 6)


@pytest.mark.parametrize(
    "wrong",
    [
        {"family_wise_p": 0.0},
        {"devices": 0},
        {"points": -0.1},
        {"power": 1.0},
        {"attack": "magic"},
        {"observation": "smells"},
        {"attack": "top 3", "observation": "logits"},
    ],
)
def test_impossible_goals_are_refused(wrong):
    """Each with one clear error."""
    with pytest.raises(SettingsError):
        Goal(**wrong)


@pytest.mark.parametrize(
    "wrong",
    [{"strengths": (0.1,)}, {"strengths": (0.2, 0.1)}, {"shares": (0.5, 1.5)}, {"scouts": 1}, {"rounds": 0}],
)
def test_impossible_grids_are_refused(wrong):
    """Too short, not increasing, out of range."""
    with pytest.raises(SettingsError):
        Grid(**wrong)


def test_materials_that_cannot_be_planned_are_refused(materials, shadows):
    """Labels that do not match, another scheme, more components than the features have."""
    with pytest.raises(ShapeError):
        replace(materials, held_out_labels=materials.held_out_labels[:-1])
    with pytest.raises(SettingsError):
        replace(materials, recipe=replace(materials.recipe, scheme="static"))
    with pytest.raises(SettingsError):
        plan(shadows, EASY, grid=replace(GRID, components=(100_000,)))


def test_a_surface_must_be_monotone():
    """It cannot be built from values that decrease, nor of another shape."""
    axis = np.array([1.0, 2.0])
    for values in (np.array([[2.0, 1.0], [3.0, 4.0]]), np.zeros((3, 2))):
        with pytest.raises(ShapeError):
            Surface(strengths=axis, probes=axis, values=values)


def test_a_point_meets_by_its_limit_and_its_cost():
    """Not by its mean score."""
    spent = Cost(points=0.1, standard_error=0.1, inputs=500)
    point = Point(
        strength=0.1, components=5, probes=9, bits=15, score=9.0, spread=1.0, low=5.0, cost=spent, confirmed=True
    )
    goal = Goal(family_wise_p=1e-6, devices=10)
    assert not point.meets(goal)
    assert replace(point, low=goal.threshold).meets(goal)
    assert not replace(point, low=9.0, cost=replace(spent, points=0.3)).meets(goal)
