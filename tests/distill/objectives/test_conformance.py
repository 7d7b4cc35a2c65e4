"""Conformance: every row of the catalogue against its slow oracle, its gradient, and the laws that its formula has."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest
import torch

from distill import objectives
from distill.errors import SettingsError, ShapeError
from tests.distill.objectives import oracles

GROUPS = (0, 0, 1, 1, 2)
N, C = 6, 5
SCORES, CLASSES, BOTH, RELEVANCES = "scores", "classes", "both", "relevances"
ROLLOUTS, CLIENTS = "rollouts", "clients"


@dataclass(frozen=True, kw_only=True)
class Row:
    """What a formula says of an objective.

    Attributes:
        oracle: student (n, C), targets -> loss, by loops.
        targets: what it learns from.
        zero: nought at perfect agreement.
        common_mode: a constant added to a row of the student's scores changes nothing.
        fixed: columns that a permutation must leave where they are.
        settings: to make it with.
    """

    oracle: Callable
    targets: str = SCORES
    zero: bool = True
    common_mode: bool = True
    fixed: int = 0
    settings: dict = field(default_factory=dict)


ROWS = {
    "hinton": Row(oracle=oracles.mean_over_rows(oracles.hinton)),
    "forward_kl": Row(oracle=oracles.mean_over_rows(oracles.forward_kl)),
    "reverse_kl": Row(oracle=oracles.mean_over_rows(oracles.reverse_kl)),
    "jsd": Row(oracle=oracles.mean_over_rows(oracles.jsd)),
    "mse": Row(oracle=oracles.mean_over_rows(oracles.mse), common_mode=False),
    "standardised": Row(oracle=oracles.mean_over_rows(oracles.standardised)),
    "dkd": Row(oracle=oracles.mean_over_rows(oracles.dkd)),
    "cross_entropy": Row(oracle=oracles.mean_over_rows(oracles.cross_entropy), targets=CLASSES, zero=False),
    "labelled": Row(oracle=oracles.mean_over_rows(oracles.labelled), targets=BOTH, zero=False),
    "selective_repulsive": Row(oracle=oracles.selective_repulsive, targets=BOTH, zero=False, common_mode=False),
    "trrd": Row(oracle=oracles.mean_over_rows(oracles.trrd), targets=ROLLOUTS, zero=False),
    "kdrl": Row(oracle=oracles.mean_over_rows(oracles.kdrl), targets=ROLLOUTS, zero=False),
    "federated": Row(oracle=oracles.mean_over_rows(oracles.federated), targets=CLIENTS),
    "ltkd": Row(oracle=oracles.ltkd(GROUPS), zero=False, settings={"groups": GROUPS}),
    "margin_mse": Row(oracle=oracles.mean_over_rows(oracles.margin_mse), fixed=1),
    "info_nce": Row(oracle=oracles.mean_over_rows(oracles.info_nce), targets=RELEVANCES, zero=False),
    "rank_net": Row(oracle=oracles.rank_net, zero=False),
    "adr_mse": Row(oracle=oracles.mean_over_rows(oracles.adr_mse), zero=False),
}
TEMPERED = (
    "hinton",
    "forward_kl",
    "reverse_kl",
    "jsd",
    "standardised",
    "dkd",
    "ltkd",
    "adr_mse",
    "selective_repulsive",
    "federated",
)
EVERY = pytest.mark.parametrize("name", objectives.CATALOGUE)


def made(name, **settings):
    """The objective with the settings of its row."""
    return objectives.CATALOGUE[name](**{**ROWS[name].settings, **settings})


def drawn(name, seed=3):
    """A student's scores and targets of the right kind, float64."""
    draw = torch.Generator().manual_seed(seed)
    logits, scores = (2 * torch.randn(N, C, generator=draw, dtype=torch.double) for _ in range(2))
    labels = torch.randint(C, (N,), generator=draw)
    kinds = {
        SCORES: scores,
        CLASSES: labels,
        BOTH: objectives.with_labels(scores, labels),
        CLIENTS: torch.stack([scores, scores + logits, scores - logits], dim=1),
        ROLLOUTS: objectives.with_rollouts(
            scores,
            logits + 0.3 * torch.randn(N, C, generator=draw, dtype=torch.double),
            torch.randint(C, (N, 4), generator=draw),
            torch.randint(2, (N, 4), generator=draw),
        ),
        RELEVANCES: torch.eye(C, dtype=torch.double)[labels] * 0.8 + 0.1,
    }
    return logits, kinds[ROWS[name].targets]


def permuted(name, targets, order):
    """The same targets when class `order[c]` is called c."""
    match ROWS[name].targets:
        case "classes":
            return torch.argsort(order)[targets]
        case "both":
            return objectives.with_labels(targets[:, :-1][:, order], torch.argsort(order)[targets[:, -1].long()])
        case "rollouts":
            teacher, old, actions, rewards = targets.split([C, C, 4, 4], dim=1)
            return objectives.with_rollouts(
                teacher[:, order], old[:, order], torch.argsort(order)[actions.long()], rewards
            )
        case _:
            return targets[..., order]


def test_every_objective_has_a_row():
    """Nothing enters the catalogue without its oracle."""
    assert set(ROWS) == set(objectives.CATALOGUE)


@EVERY
@pytest.mark.parametrize("seed", range(5))
def test_it_equals_its_oracle(name, seed):
    """To 1e-9, on five draws."""
    logits, targets = drawn(name, seed)
    assert float(made(name)(logits, targets)) == pytest.approx(
        ROWS[name].oracle(logits.numpy(), targets.numpy()), rel=1e-9, abs=1e-12
    )


@EVERY
def test_its_gradient_is_that_of_its_value(name):
    """A scalar whose gradient agrees with finite differences."""
    logits, targets = drawn(name)
    objective = made(name)
    assert objective(logits, targets).shape == ()
    assert torch.autograd.gradcheck(lambda z: objective(z, targets), logits.requires_grad_())


@EVERY
def test_the_order_of_rows_and_classes_does_not_matter(name):
    """Rows shuffled; classes renamed on both sides."""
    logits, targets = drawn(name)
    loss, rows = made(name)(logits, targets), torch.tensor([3, 0, 5, 1, 4, 2])
    assert torch.isclose(made(name)(logits[rows], targets[rows]), loss)
    fixed = ROWS[name].fixed
    order = torch.cat(
        [torch.arange(fixed), fixed + torch.randperm(C - fixed, generator=torch.Generator().manual_seed(8))]
    )
    settings = {"groups": tuple(GROUPS[c] for c in order)} if name == "ltkd" else {}
    assert torch.isclose(made(name, **settings)(logits[:, order], permuted(name, targets, order)), loss)


@EVERY
def test_nought_at_perfect_agreement_where_the_formula_says_so(name):
    """Value and gradient; the other objectives say so by not being nought."""
    _, targets = drawn(name)
    if ROWS[name].targets not in (SCORES, CLIENTS):
        assert not ROWS[name].zero
        return
    student = (targets.mean(dim=1) if targets.dim() == 3 else targets.clone()).requires_grad_()
    loss = made(name)(student, targets)
    loss.backward()
    flat = float(loss.detach()) < 1e-9 and float(student.grad.abs().max()) < 1e-7
    assert flat is ROWS[name].zero


@EVERY
def test_the_common_mode_does_not_matter_where_the_formula_says_so(name):
    """Adding a constant to a row of the student's scores."""
    logits, targets = drawn(name)
    moved = logits + torch.arange(N, dtype=torch.double)[:, None]
    assert bool(torch.isclose(made(name)(logits, targets), made(name)(moved, targets))) is ROWS[name].common_mode


@EVERY
def test_a_confident_teacher_gives_finite_gradients_in_float32(name):
    """Scores of 200 on one class: no NaN, no infinity."""
    _, targets = drawn(name)
    if ROWS[name].targets == SCORES:
        targets = 200 * torch.eye(C)[[0, 1, 2, 3, 4, 0]]
    logits = (-150 * torch.eye(C)[[0, 1, 2, 3, 4, 0]]).requires_grad_()
    loss = made(name)(logits, targets if ROWS[name].targets == CLASSES else targets.float())
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(logits.grad).all()


@pytest.mark.parametrize(
    "name", [name for name, row in ROWS.items() if row.targets in (SCORES, RELEVANCES, ROLLOUTS, CLIENTS)]
)
def test_scores_over_another_set_are_refused(name):
    """A row of targets that would broadcast."""
    logits, targets = drawn(name)
    with pytest.raises(ShapeError):
        made(name)(logits, targets[:1])


def test_labels_without_their_column_are_refused():
    """Plain logits as targets of what reads both; another number of classes than groups."""
    logits, targets = drawn("hinton")
    for name in ("labelled", "selective_repulsive"):
        with pytest.raises(ShapeError, match="with_labels"):
            made(name)(logits, targets)
    with pytest.raises(ShapeError):
        made("ltkd")(logits[:, :4], targets[:, :4])


@pytest.mark.parametrize("wrong", [0.0, -1.0, float("inf"), float("nan")])
@pytest.mark.parametrize(
    ("name", "setting"),
    [
        *((name, "temperature") for name in TEMPERED),
        *((name, setting) for name in ("dkd", "ltkd") for setting in ("alpha", "beta")),
    ],
)  # fmt: skip
def test_impossible_constants_are_refused(name, setting, wrong):
    """Only positive and finite ones, and the error names the constant."""
    with pytest.raises(SettingsError, match=setting):
        made(name, **{setting: wrong})


def test_impossible_groups_and_mixtures_are_refused():
    """Groups with a gap; a mixture of one distribution only."""
    for groups in ((), (0, 2), (1, 1)):
        with pytest.raises(SettingsError):
            objectives.LTKD(groups)
    for beta in (0.0, 1.0, float("nan")):
        with pytest.raises(SettingsError):
            objectives.JSD(beta)


def test_groups_split_the_classes_by_count():
    """33 % head, 34 % medium, 33 % tail, whatever the classes' numbers are."""
    groups = objectives.groups_by_count(tuple(range(100)))
    assert np.bincount(groups).tolist() == [33, 34, 33]
    assert (groups[99], groups[50], groups[0]) == (0, 1, 2)
