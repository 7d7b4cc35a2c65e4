"""Federated rounds in one process: clients learn their own data and upload scores, a server learns what they agree on.

The order of a round is inferred from the paper's abstract: clients begin from the server's averaged model, learn their
own data, upload scores of the proxy set; the server distils their aggregate and averages its weights over rounds.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from distill import outputs
from distill.loop import Settings, seeded, train
from distill.objectives import CrossEntropy, HintonKD
from distill.objectives.federated import Aggregation, aggregate, moved
from fingerprint import seeds

LOCAL = Settings(epochs=1, batch_size=64)
SERVER = Settings(epochs=5, batch_size=128)
Upload = Callable[[int, Tensor], Tensor]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a server does, and how many of its clients are Byzantine.

    Attributes:
        aggregation: of the clients' scores.
        momentum: m of the moving average, 0 for none.
        byzantine: how many clients, the last ones, upload `factor` times what they found; so many are trimmed.
        factor: negative turns scores round.
    """

    aggregation: Aggregation = Aggregation.MEAN
    momentum: float = 0.5
    byzantine: int = 0
    factor: float = -4.0

    def together(self, uploads: Tensor) -> Tensor:
        """One score of the clients', (n, M, C) to (n, C)."""
        return aggregate(uploads, self.aggregation, trimmed=max(1, self.byzantine))


@dataclass(frozen=True, kw_only=True)
class Parties:
    """The public proxy set (n, ...), every client's own inputs and labels, and how an untrained model is made."""

    proxy: Tensor
    shares: tuple[tuple[Tensor, Tensor], ...]
    fresh: Callable[[], nn.Module]


@dataclass(frozen=True, kw_only=True)
class Ended:
    """The averaged server, and every client's model as it was when it uploaded last; Byzantine ones as they claim."""

    server: nn.Module
    clients: tuple[nn.Module, ...]


class Ensemble(nn.Module):
    """The aggregated scores of the clients, as a module: what the server teaches."""

    def __init__(self, clients: tuple[nn.Module, ...], plan: Plan) -> None:
        super().__init__()
        self.clients, self.plan = nn.ModuleList(clients), plan

    def forward(self, inputs: Tensor) -> Tensor:
        """Scores (n, C)."""
        return self.plan.together(torch.stack([client(inputs) for client in self.clients], dim=1))


class Scaled(nn.Module):
    """A client that uploads a multiple of what it found."""

    def __init__(self, model: nn.Module, factor: float) -> None:
        super().__init__()
        self.model, self.factor = model, factor

    def forward(self, inputs: Tensor) -> Tensor:
        """Scores (n, C)."""
        scores: Tensor = self.factor * self.model(inputs)
        return scores


def honest(_client: int, scores: Tensor) -> Tensor:
    """An upload as it is: nobody signs."""
    return scores


def dirichlet(labels: Tensor, clients: int, concentration: float, *words: seeds.Word) -> tuple[Tensor, ...]:
    """Which rows each client has: every class is split by a draw from a symmetric Dirichlet distribution.

    Example:
        >>> parts = dirichlet(torch.arange(10).repeat(8), 4, 0.3, "example")
        >>> sorted(torch.cat(parts).tolist()) == list(range(80))
        True
    """
    draw = seeds.stream("benchmarks/objectives/federation", *words)
    parts: list[list[Tensor]] = [[] for _ in range(clients)]
    for label in labels.unique():
        rows = (labels == label).nonzero().flatten()
        shares = draw.dirichlet(np.full(clients, concentration)).cumsum()[:-1]
        for part, some in zip(parts, rows.tensor_split([round(float(s) * len(rows)) for s in shares]), strict=True):
            part.append(some)
    return tuple(torch.cat(part) for part in parts)


def federate(
    parties: Parties, plan: Plan, rounds: int, words: tuple[seeds.Word, ...], upload: Upload = honest
) -> Ended:
    """The federation after these rounds; `upload` is what each client makes of its scores before they leave it."""
    server = seeded(parties.fresh, "federation", *words)
    clients: tuple[nn.Module, ...] = ()
    for number in range(rounds):
        named = (*words, number)
        clients = tuple(_local(server, parties, plan, i, named) for i in range(len(parties.shares)))
        scores = [upload(i, outputs.logits(client, parties.proxy)) for i, client in enumerate(clients)]
        target = plan.together(torch.stack(scores, dim=1))
        latest = train(server, parties.proxy, target, HintonKD(), seed=(*named, "server"), settings=SERVER).model
        server = moved(server, latest, momentum=plan.momentum if number else 0.0)  # nothing to average with at first
    return Ended(server=server.eval(), clients=clients)


def _local(server: nn.Module, parties: Parties, plan: Plan, client: int, words: tuple[seeds.Word, ...]) -> nn.Module:
    inputs, labels = parties.shares[client]
    own = train(server, inputs, labels, CrossEntropy(), seed=(*words, client), settings=LOCAL).model
    return Scaled(own, plan.factor) if client >= len(parties.shares) - plan.byzantine else own
