"""A training under way: model, optimiser, schedule and random streams, and their state as one value."""

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from distill.checkpoint import State
from distill.teams import Team

_ORDER, _GLOBAL, _CUDA = "random.order", "random.global", "random.cuda"


@dataclass(kw_only=True)
class Run:
    """What changes from epoch to epoch.

    Attributes:
        model: the pupil, whose parameters the optimiser moves.
        called: what is called in training (`Team.share`).
        optimiser, schedule: of the learning rate.
        order: generator that orders the batches.
        team: who trains.
        history: (number, loss, metric) of every epoch so far.
    """

    model: nn.Module
    called: nn.Module
    optimiser: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.LRScheduler
    order: torch.Generator
    team: Team
    history: list[tuple[int, float, float | None]] = field(default_factory=list)

    def weights(self) -> dict[str, Tensor]:
        """Parameters and buffers by name, whole, on the CPU."""
        return {name: self.team.whole(tensor).detach().cpu() for name, tensor in self.model.state_dict().items()}

    def state(self) -> State:
        """Everything that the rest of the training depends on; called by every process of the team alike."""
        tensors = {f"model.{name}": tensor for name, tensor in self.weights().items()}
        for name, parameter in self.model.named_parameters():
            for what, value in self.optimiser.state[parameter].items():
                if isinstance(value, Tensor):  # SGD keeps None before its first step
                    tensors[f"optimiser.{name}.{what}"] = self.team.whole(value)
        tensors |= {_ORDER: self.order.get_state(), _GLOBAL: torch.random.get_rng_state()}
        if torch.cuda.is_available():
            tensors[_CUDA] = torch.cuda.get_rng_state()
        rates = tuple(float(group["lr"]) for group in self.optimiser.param_groups)
        return State(epoch=len(self.history), history=tuple(self.history), rates=rates, tensors=tensors)

    def go_on(self, state: State) -> None:
        """Take a state up again, as if every epoch in it had been run here."""
        own = self.model.state_dict()
        with torch.no_grad():
            for name, tensor in own.items():
                tensor.copy_(self.team.part(state.tensors[f"model.{name}"], tensor))
        for name, parameter in self.model.named_parameters():
            begin = f"optimiser.{name}."
            for key in (key for key in state.tensors if key.startswith(begin)):
                self.optimiser.state[parameter][key.removeprefix(begin)] = self._kept(state.tensors[key], parameter)
        for group, rate in zip(self.optimiser.param_groups, state.rates, strict=True):
            group["lr"] = rate
        self.schedule.last_epoch = state.epoch
        self.order.set_state(state.tensors[_ORDER])
        torch.random.set_rng_state(state.tensors[_GLOBAL])
        if _CUDA in state.tensors and torch.cuda.is_available():
            torch.cuda.set_rng_state(state.tensors[_CUDA])
        self.history[:] = state.history

    def _kept(self, value: Tensor, parameter: Tensor) -> Tensor:
        """A count of steps stays on the CPU; what has the parameter's shape lies where the parameter lies."""
        return value.clone() if value.dim() == 0 else self.team.part(value, parameter).clone()
