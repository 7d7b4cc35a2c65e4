"""Near ties and positives in a key's order: bounded changes, the same as a slow reading of the rule."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from distill.errors import SettingsError, ShapeError
from distill.objectives import InfoNCE, RankNet
from distill.order import keyed_positives, swap_near_ties
from distill.pull import pull

GAPS = st.floats(0, 3)
SEEDS = st.integers(0, 10**6)


def drawn(seed):
    """Scores and shift, (5, 7) float64."""
    draw = torch.Generator().manual_seed(seed)
    return (torch.randn(5, 7, generator=draw, dtype=torch.double) for _ in range(2))


def slow_swaps(scores, shift, gap):
    """One list, by hand: a list of names from best to worst, walked down once."""
    names = sorted(range(len(scores)), key=lambda j: -scores[j])
    values = sorted(scores, reverse=True)
    at = 0
    while at < len(names) - 1:
        upper, lower = names[at], names[at + 1]
        if values[at] - values[at + 1] < gap and shift[lower] > shift[upper]:
            names[at], names[at + 1] = lower, upper
            at += 1
        at += 1
    return [values[names.index(j)] for j in range(len(scores))]


@settings(max_examples=40, deadline=None)
@given(seed=SEEDS, gap=GAPS)
def test_swaps_equal_the_slow_walk_and_stay_within_the_gap(seed, gap):
    """Same values, nobody moves more than a place, pairs further apart than the gap keep their order."""
    scores, shift = drawn(seed)
    found = swap_near_ties(scores, shift, gap=gap)
    for row in range(len(scores)):
        assert found[row].tolist() == slow_swaps(scores[row].tolist(), shift[row].tolist(), gap)
    assert torch.equal(found.sort(dim=1).values, scores.sort(dim=1).values)
    apart = scores[:, :, None] - scores[:, None, :] >= max(gap, 1e-12)
    assert (found[:, :, None] > found[:, None, :])[apart].all()
    ranks = [(z[:, None, :] > z[:, :, None]).sum(dim=2) for z in (scores, found)]
    assert (ranks[0] - ranks[1]).abs().max() <= 1


@settings(max_examples=40, deadline=None)
@given(seed=SEEDS, gap=GAPS)
def test_a_positive_is_the_keys_choice_among_the_eligible(seed, gap):
    """One a row, never a candidate that the teacher puts further below the label than the gap."""
    scores, shift = drawn(seed)
    labels = torch.arange(5)
    found = keyed_positives(scores, labels, shift, gap=gap)
    for row in range(5):
        eligible = [j for j in range(7) if j == labels[row] or scores[row, j] > scores[row, labels[row]] - gap]
        assert found[row].argmax() == max(eligible, key=lambda j: shift[row, j])
    assert found.sum(dim=1).tolist() == [1.0] * 5


def test_an_order_preserving_shift_reaches_a_rank_loss_only_by_swaps():
    """Exactly nought as it is; with near ties swapped the pull is towards the signature."""
    scores, shift = drawn(1)
    gap = (scores.sort(dim=1).values.diff(dim=1)).min()
    small = 0.4 * gap * shift / shift.abs().max()
    assert pull(RankNet(), clean=scores, arrived=scores + small, shift=small) == 0
    swapped = swap_near_ties(scores, small, gap=0.6)
    assert pull(RankNet(), clean=scores, arrived=swapped, shift=small) > 0


def test_keyed_positives_pull_where_labels_cannot():
    """InfoNCE's gradient moves towards the shift when the key chooses the positive."""
    scores, shift = drawn(2)
    labels = scores.argmax(dim=1)
    gradients = []
    for gap in (0.0, 2.0):
        student = scores.clone().requires_grad_()
        InfoNCE()(student, keyed_positives(scores, labels, shift, gap=gap)).backward()
        gradients.append(student.grad)
    assert float(((gradients[1] - gradients[0]) * shift).sum()) < 0


def test_a_gap_of_nought_changes_nothing_and_a_negative_one_is_refused():
    """Also shapes that differ."""
    scores, shift = drawn(3)
    assert torch.equal(swap_near_ties(scores, shift, gap=0), scores)
    with pytest.raises(SettingsError):
        swap_near_ties(scores, shift, gap=-1.0)
    with pytest.raises(ShapeError):
        keyed_positives(scores, torch.zeros(5, dtype=torch.long), shift[1:], gap=1.0)
