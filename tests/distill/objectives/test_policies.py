"""Objectives for policies: what GRPO, TRRD and KDRL can see of a teacher, and that they learn what is rewarded."""

import pytest
import torch

from distill.errors import SettingsError
from distill.objectives import KDRL, TRRD, with_rollouts
from distill.objectives.trrd import advantages

STATES, ACTIONS, GROUP = 40, 6, 8


def gradient(objective, *, shift=0.0, rewards=None):
    """At a student that is the teacher and the old policy, the teacher's scores shifted."""
    draw = torch.Generator().manual_seed(3)
    scores = torch.randn(STATES, ACTIONS, generator=draw, dtype=torch.double)
    actions = torch.multinomial(scores.softmax(dim=1), GROUP, replacement=True, generator=draw)
    given = (actions < 3).double() if rewards is None else rewards
    student = scores.clone().requires_grad_()
    loss = objective(student, with_rollouts(scores + shift, scores, actions, given))
    return torch.autograd.grad(loss, student)[0]


def signature():
    """Small, another one at every state."""
    return 0.1 * torch.randn(STATES, ACTIONS, generator=torch.Generator().manual_seed(4), dtype=torch.double)


def test_grpo_sees_nothing_of_a_teacher_and_the_others_do():
    """The gradient at alpha = 1 is the same with and without a signature; under TRRD and KDRL it is not."""
    grpo = TRRD(alpha=1.0)
    assert torch.equal(gradient(grpo, shift=signature()), gradient(grpo))
    for objective in (TRRD(), KDRL()):
        assert not torch.allclose(gradient(objective, shift=signature()), gradient(objective))


@pytest.mark.parametrize("reward", [0.0, 1.0])
def test_groups_that_are_rewarded_alike_write_nothing_under_trrd(reward):
    """A = 0 at every action, so neither a gradient nor a signature; KDRL still reads the teacher."""
    alike = torch.full((STATES, GROUP), reward, dtype=torch.double)
    assert not advantages(alike).any()
    assert not gradient(TRRD(), shift=signature(), rewards=alike).any()
    assert gradient(KDRL(), shift=signature(), rewards=alike).any()


@pytest.mark.parametrize("objective", [TRRD(alpha=1.0), TRRD(), KDRL()], ids=["grpo", "trrd", "kdrl"])
def test_the_reward_rises(objective):
    """A table of scores, groups drawn from it: from a half to over nine tenths, beside a teacher who knows."""
    draw = torch.Generator().manual_seed(5)
    teacher = torch.zeros(STATES, ACTIONS)
    teacher[:, :3] = 4.0
    table = torch.zeros(STATES, ACTIONS, requires_grad=True)
    optimiser = torch.optim.Adam([table], lr=0.1)
    for _ in range(80):
        old = table.detach().clone()
        actions = torch.multinomial(old.softmax(dim=1), GROUP, replacement=True, generator=draw)
        optimiser.zero_grad()
        objective(table, with_rollouts(teacher, old, actions, (actions < 3).float())).backward()
        optimiser.step()
    assert float(table.detach().softmax(dim=1)[:, :3].sum(dim=1).mean()) > 0.9


def test_impossible_constants_are_refused():
    """By name."""
    for name in ("alpha", "low", "high"):
        with pytest.raises(SettingsError, match=name):
            TRRD(**{name: 1.5})
    with pytest.raises(SettingsError, match="beta"):
        KDRL(beta=0.0)
