"""A plain loop for the grid over optimisers: SGD with momentum or AdamW, the rate falling along a cosine."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from distill.objectives import Objective
from fingerprint import seeds

_BATCH = 128


@dataclass(frozen=True, slots=True)
class Plan:
    """Objective, `adamw` or `sgd`, passes over the inputs."""

    objective: Objective
    optimiser: str
    epochs: int

    def __call__(self, model: nn.Module, inputs: Tensor, targets: Tensor, words: tuple[seeds.Word, ...]) -> nn.Module:
        """The model given, trained."""
        parameters = list(model.parameters())
        optimiser: torch.optim.Optimizer = (
            torch.optim.AdamW(parameters, lr=2e-3)
            if self.optimiser == "adamw"
            else torch.optim.SGD(parameters, lr=0.05, momentum=0.9)
        )
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, self.epochs)
        order = torch.Generator().manual_seed(seeds.number("benchmarks/objectives/order", *words))
        for _ in range(self.epochs):
            for batch in torch.split(torch.randperm(len(inputs), generator=order), _BATCH):
                optimiser.zero_grad()
                self.objective(model(inputs[batch]), targets[batch]).backward()
                nn.utils.clip_grad_norm_(parameters, 5.0)
                optimiser.step()
            schedule.step()
        return model.eval()
