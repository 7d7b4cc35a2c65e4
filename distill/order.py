"""Signing what a ranking objective reads: a list's order, or which candidate is called relevant.

RankNet and ADR-MSE read the order of a teacher's scores, InfoNCE reads labels: a signature that is smaller than every
gap reaches none of them. Two ways to put the same shift s of a release's kit where they look, both bounded in what
they may do to a list:

    near ties   the list in the order of t + gap / 2 * u,  u = (s - mean s) / max |s - mean s|, within [-1, 1]: of two
                candidates that stand within the gap, the signature decides; no pair further apart is ever turned round
    positives   of the candidates with t_j > t_positive - gap, the one with the largest s_j is called relevant

The size of what is written is the gap's, whatever the size of s: only its order within a list is used. The copy learns
a function that agrees with s where the teacher hardly cares, and is verified as any other copy is.
"""

import torch
from torch import Tensor

from distill.errors import SettingsError
from distill.objectives.tempered import check_same_shape


def swap_near_ties(scores: Tensor, shift: Tensor, *, gap: float) -> Tensor:
    """The teacher's scores with near ties put in the signature's order, (n, K): each row's values, exchanged.

    Args:
        scores: t of the teacher, (n, K).
        shift: s of the kit for the same candidates, (n, K).
        gap: in units of the scores, 0 or more; 0 changes nothing.

    Raises:
        ShapeError: scores and shift of other shapes.
        SettingsError: a negative gap.

    Example:
        >>> t, s = torch.tensor([[3.0, 2.9, 1.0]]), torch.tensor([[-1.0, 1.0, 5.0]])
        >>> swap_near_ties(t, s, gap=0.5).tolist()[0] == t[0, [1, 0, 2]].tolist()
        True
    """
    _check(scores, shift, gap)
    values, order = scores.sort(dim=1, descending=True, stable=True)
    wanted = shift.gather(1, order)
    wanted = wanted - wanted.mean(dim=1, keepdim=True)
    largest = wanted.abs().amax(dim=1, keepdim=True).clamp_min(torch.finfo(wanted.dtype).tiny)
    signed = values + gap / 2 * (wanted / largest)  # ties stay in the teacher's order: the sorts are stable
    return torch.empty_like(scores).scatter(1, order.gather(1, _falling(signed)), values)


def keyed_positives(scores: Tensor, positives: Tensor, shift: Tensor, *, gap: float) -> Tensor:
    """Relevances for InfoNCE, nought but for one 1 a row, (n, K).

    Args:
        scores: t of the teacher, (n, K).
        positives: which candidate is labelled relevant, int64 (n,).
        shift: s of the kit for the same candidates, (n, K).
        gap: in units of the scores, 0 or more; 0 leaves the label to those that the teacher thinks better still.

    Raises:
        ShapeError: scores and shift of other shapes.
        SettingsError: a negative gap.

    Example:
        >>> t, s = torch.tensor([[3.0, 2.9, 1.0]]), torch.tensor([[-1.0, 1.0, 5.0]])
        >>> keyed_positives(t, torch.tensor([0]), s, gap=0.5).tolist()
        [[0.0, 1.0, 0.0]]
    """
    _check(scores, shift, gap)
    own = torch.zeros_like(scores, dtype=torch.bool).scatter(1, positives[:, None], value=True)
    eligible = own | (scores > scores.gather(1, positives[:, None]) - gap)
    chosen = shift.masked_fill(~eligible, float("-inf")).argmax(dim=1)
    return torch.zeros_like(scores).scatter(1, chosen[:, None], 1.0)


def _falling(scores: Tensor) -> Tensor:
    return scores.argsort(dim=1, descending=True, stable=True)


def _check(scores: Tensor, shift: Tensor, gap: float) -> None:
    check_same_shape(scores, shift)
    if not 0 <= gap < float("inf"):
        raise SettingsError(f"a gap of {gap}; give 0 or more, in units of the teacher's scores")
