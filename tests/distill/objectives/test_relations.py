"""How the objectives hang together: identities that the papers state, and what each can and cannot see."""

import pytest
import torch
from torch import Tensor

from distill import objectives
from distill.objectives.ltkd import balanced
from distill.objectives.tempered import divergence, log_probabilities

GROUPS = (0, 0, 1, 1, 2)


def pair() -> tuple[Tensor, Tensor]:
    """Scores of a student and of a teacher."""
    draw = torch.Generator().manual_seed(1)
    student, teacher = (2 * torch.randn(7, 5, generator=draw, dtype=torch.double) for _ in range(2))
    return student, teacher


def test_decoupled_terms_make_up_hinton():
    """DKD with beta = 1 - p_t, row by row, is KD: the paper's equation 5."""
    student, teacher = pair()
    for s, t in zip(student[:, None].unbind(), teacher[:, None].unbind(), strict=True):
        rest = 1 - float(torch.softmax(t / 4, dim=1).max())
        assert torch.isclose(objectives.DKD(alpha=1.0, beta=rest)(s, t), objectives.HintonKD()(s, t))


def test_groups_make_up_kl():
    """LTKD's identity to 1e-12: across groups, and within them weighted by the teacher's mass."""
    student, teacher = (log_probabilities(z, 1.0) for z in pair())
    columns = [[c for c in range(5) if GROUPS[c] == g] for g in range(3)]
    mass = [torch.stack([z[:, g].logsumexp(dim=1) for g in columns], dim=1) for z in (teacher, student)]
    total = divergence(*mass)
    for number, group in enumerate(columns):
        p, q = (z[:, group].log_softmax(dim=1) for z in (teacher, student))
        total = total + (mass[0][:, number].exp() * (p.exp() * (p - q)).sum(dim=1)).mean()
    assert torch.isclose(total, divergence(teacher, student), atol=1e-12)


def test_balancing_evens_the_groups_and_erases_a_constant_shift_of_one():
    """A group's mass shifted alike on every row leaves little of it; shifted row by row it stays."""
    _, teacher = pair()
    mass = torch.stack([teacher[:, :2].logsumexp(1), teacher[:, 2:4].logsumexp(1), teacher[:, 4]], 1).log_softmax(1)
    alike = (mass + torch.tensor([0.7, 0.0, 0.0])).log_softmax(1)
    change = (balanced(alike) - balanced(mass)).abs().max()
    before = (alike - mass).abs().max()
    assert float(change) < 0.2 * float(before)
    by_row = (mass + torch.randn(7, 3, generator=torch.Generator().manual_seed(3), dtype=torch.double)).log_softmax(1)
    assert float((balanced(by_row) - balanced(mass)).abs().max()) > 0.3


def test_jsd_is_a_quarter_of_kl_nearby():
    """To second order, at beta = 1/2."""
    _, teacher = pair()
    near = teacher + 1e-3 * torch.randn(7, 5, generator=torch.Generator().manual_seed(2), dtype=torch.double)
    ratio = objectives.JSD()(near, teacher) / objectives.ForwardKL()(near, teacher)
    assert float(ratio) == pytest.approx(0.25, rel=0.01)


def test_reverse_is_forward_the_other_way_round():
    """KL(q || p)."""
    student, teacher = pair()
    assert torch.isclose(objectives.ReverseKL()(student, teacher), objectives.ForwardKL()(teacher, student))


def test_hinton_nears_mse_when_hot():
    """For large T, T^2 KL is 1/(2C) of the squared distance of centred logits (Hinton et al., section 2.1)."""
    student, teacher = (z - z.mean(dim=1, keepdim=True) for z in pair())
    hot = objectives.HintonKD(1000.0)(student, teacher)
    assert float(hot) == pytest.approx(float(objectives.LogitMSE()(student, teacher)) / 2, rel=0.01)


def test_standardising_forgives_scale_and_offset():
    """Nought for a positive affine map of the teacher, not for a negative one."""
    _, teacher = pair()
    assert float(objectives.StandardisedKD()(3 * teacher + 2, teacher)) < 1e-9
    assert float(objectives.StandardisedKD()(-teacher, teacher)) > 0.1


@pytest.mark.parametrize("name", ["rank_net", "adr_mse"])
def test_order_is_all_that_rank_losses_see(name):
    """An order-preserving change of the teacher leaves the loss as it was; MarginMSE sees it."""
    student, teacher = pair()
    stretched = teacher.sign() * teacher.abs() ** 1.5
    loss = objectives.CATALOGUE[name]()
    assert torch.equal(loss(student, teacher), loss(student, stretched))
    assert not torch.isclose(objectives.MarginMSE()(student, teacher), objectives.MarginMSE()(student, stretched))
