"""Selective repulsion: its parts, the sign of its pull, and why the scale must be clamped."""

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from distill.errors import SettingsError
from distill.objectives import SelectiveRepulsive, falling, with_labels
from distill.towers import LARGEST_SCALE, TwoTowers

N = 12
ALONE = SelectiveRepulsive(clip_weight=0.0)


def pairs(seed: int = 1) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Similarities of a student and of a teacher that agree on the pairs, and a signature."""
    draw = torch.Generator().manual_seed(seed)
    student, teacher, shift = (torch.randn(N, N, generator=draw, dtype=torch.double) for _ in range(3))
    return student + 3 * torch.eye(N), 5 * teacher + 25 * torch.eye(N), shift


def loss(objective: SelectiveRepulsive, student: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
    """Of the i-th image with the i-th text."""
    return objective(student, with_labels(teacher, torch.arange(N)))


def test_diagonal_and_rest_at_weight_one_make_up_the_coupled_loss():
    """The cross-entropy of the softened teacher in both directions: the authors' own test."""
    student, teacher, _ = pairs()
    both = replace(ALONE, off_weight=1.0, diagonal_weight=1.0)
    coupled = [
        nn.functional.cross_entropy(s, (t / 5).softmax(dim=1)) for s, t in ((student, teacher), (student.T, teacher.T))
    ]
    assert torch.isclose(loss(both, student, teacher), sum(coupled) / 2)
    assert replace(ALONE, off_weight=-0.8).coupled().diagonal_weight == -0.8


@settings(max_examples=20)
@given(st.floats(-1, 2).filter(lambda beta: abs(beta) > 0.01), st.integers(0, 10**6))
def test_off_the_diagonal_the_pull_is_linear_in_beta(beta, seed):
    """So it has beta's sign: what attraction writes, repulsion takes out again."""
    student, teacher, shift = pairs(seed)

    def gradient(weight, scores):
        z = student.clone().requires_grad_()
        return torch.autograd.grad(loss(replace(ALONE, off_weight=weight, diagonal_weight=0.0), z, scores), z)[0]

    def pull(weight):
        return -float(((gradient(weight, teacher + shift) - gradient(weight, teacher)) * shift).sum())

    assert pull(1.0) > 0
    assert pull(beta) == pytest.approx(beta * pull(1.0), rel=1e-6)


def test_the_texts_of_a_batch_are_what_its_images_are_measured_against():
    """Texts that no image of the batch belongs to do not matter; pairs in another order do not either."""
    student, teacher, _ = pairs()
    labels = torch.tensor([7, 2, 9])
    some = ALONE(student[labels], with_labels(teacher[labels], labels))
    elsewhere = student.clone()
    elsewhere[:, 0] += 100
    assert torch.equal(some, ALONE(elsewhere[labels], with_labels(teacher[labels], labels)))


def test_repulsion_has_no_bottom_without_the_clamp():
    """Similarities of a student who is right, taken 1, 10 and 100 times: lower each time; the towers stop at 100."""
    student, teacher, _ = pairs()
    repelling = SelectiveRepulsive(off_weight=-0.8)
    falls = [float(loss(repelling, factor * (student + 8 * torch.eye(N)), teacher)) for factor in (1, 10, 100)]
    assert falls[0] > falls[1] > falls[2]
    assert falls[2] < 9 * falls[1] < 0
    towers = TwoTowers(image=nn.Identity(), text=nn.Identity(), texts=torch.eye(N), scale=1.0)
    inputs = torch.eye(N)
    for wanted, got in ((50.0, 50.0), (1e30, LARGEST_SCALE)):
        nn.init.constant_(towers.log_scale, math.log(wanted))
        assert float(towers(inputs).detach().max()) == pytest.approx(got, rel=1e-5)


@given(st.floats(0, 1), st.floats(0, 1))
def test_the_schedule_falls_through_nought_to_repulsion(a, b):
    """Never rising, between its ends, nought at 1 / (1 - r)."""
    first, second = sorted((a, b))
    assert 2.0 >= falling(first) >= falling(second) >= -0.8
    assert falling(1 / 1.4) == pytest.approx(0.0, abs=1e-12)
    assert (falling(-1.0), falling(9.0)) == (falling(0.0), falling(1.0))


def test_impossible_weights_are_refused():
    """What is not finite, by name."""
    for name in ("off_weight", "diagonal_weight", "clip_weight"):
        with pytest.raises(SettingsError, match=name):
            SelectiveRepulsive(**{name: math.nan})
