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
    """One list, by hand: every candidate is handed the value of the place that it takes."""
    wish = [each - sum(shift) / len(shift) for each in shift]
    largest = max(abs(each) for each in wish)
    names = sorted(range(len(scores)), key=lambda j: -scores[j])
    names = sorted(names, key=lambda j: -(scores[j] + gap / 2 * wish[j] / largest))
    values = sorted(scores, reverse=True)
    return [values[names.index(j)] for j in range(len(scores))]


@settings(max_examples=40, deadline=None)
@given(seed=SEEDS, gap=GAPS)
def test_swaps_equal_the_slow_rule_and_stay_within_the_gap(seed, gap):
    """Same values, pairs further apart than the gap keep their order, and a pair turned round is as the key wanted."""
    scores, shift = drawn(seed)
    found = swap_near_ties(scores, shift, gap=gap)
    for row in range(len(scores)):
        assert found[row].tolist() == slow_swaps(scores[row].tolist(), shift[row].tolist(), gap)
    assert torch.equal(found.sort(dim=1).values, scores.sort(dim=1).values)
    above, wanted = (z[:, :, None] - z[:, None, :] for z in (scores, shift))
    kept = found[:, :, None] > found[:, None, :]
    assert kept[above > gap + 1e-9].all()
    assert (wanted[(above > 0) & ~kept] < 0).all()


@settings(max_examples=40, deadline=None)
@given(seed=SEEDS, gap=GAPS, size=st.floats(1e-6, 1e6), level=st.floats(-10, 10))
def test_only_the_order_of_a_list_of_shifts_is_written(seed, gap, size, level):
    """Not its size, nor its level: what is written is as large as the gap."""
    scores, shift = drawn(seed)
    found = swap_near_ties(scores, shift, gap=gap)
    again = swap_near_ties(scores, size * (shift + level), gap=gap)
    assert torch.allclose(found, again) or _closest(scores, shift, gap) < 1e-9


def _closest(scores, shift, gap):
    """How near two candidates of a list come to standing level, where rounding decides."""
    wish = shift - shift.mean(dim=1, keepdim=True)
    signed = (scores + gap / 2 * wish / wish.abs().amax(dim=1, keepdim=True)).sort(dim=1).values
    return float(signed.diff(dim=1).min())


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
    assert torch.equal(swap_near_ties(scores, torch.zeros_like(shift), gap=2.0), scores)
    with pytest.raises(SettingsError):
        swap_near_ties(scores, shift, gap=-1.0)
    with pytest.raises(ShapeError):
        keyed_positives(scores, torch.zeros(5, dtype=torch.long), shift[1:], gap=1.0)
