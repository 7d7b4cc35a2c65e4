"""Generated queries and items: how relevant they are to each other, and whether one who was shown them clicked."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from fingerprint import seeds

TOPICS, CLASSES = 16, 4


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Query, item and appeal, float32 (n, 33); relevance classes 0..3; clicks in {0, 1}."""

    inputs: Tensor
    relevance: Tensor
    clicks: Tensor


def pairs(count: int, *words: seeds.Word, biased: bool = False) -> Pairs:
    """Query and item as noisy mixtures of 16 topics; relevance is their agreement, in quarters of a million draws.

    Args:
        count: how many.
        words: that name them.
        biased: whether they were shown by a policy that prefers what is relevant.
    """
    rng = seeds.stream("benchmarks/objectives/prectr", *words)
    many = 4 * count if biased else count
    query, item = (rng.dirichlet(np.full(TOPICS, 0.3), many) for _ in range(2))
    agreement = (query * item).sum(axis=1) / np.sqrt((query**2).sum(axis=1) * (item**2).sum(axis=1))
    appeal = rng.normal(size=many)
    if biased:
        shown = np.argsort(-(agreement + 0.3 * rng.gumbel(size=many)), kind="stable")[:count]
        query, item, agreement, appeal = (part[shown] for part in (query, item, agreement, appeal))
    relevance = np.digitize(agreement, (0.05, 0.2, 0.5))
    chance = 1 / (1 + np.exp(-(1.5 * relevance + 0.7 * appeal - 3.5)))
    seen = np.column_stack([*(3 * part + 0.25 * rng.normal(size=part.shape) for part in (query, item)), appeal])
    return Pairs(
        inputs=torch.as_tensor(seen, dtype=torch.float32),
        relevance=torch.as_tensor(relevance, dtype=torch.long),
        clicks=torch.as_tensor(rng.random(count) < chance, dtype=torch.float32),
    )
