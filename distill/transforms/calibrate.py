"""An affine change of the logits with one scale and one bias a class: temperature, prior matching, bias fit."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from distill import outputs
from distill.errors import SettingsError
from distill.transforms.answers import FilteredAnswers

_ROUNDS = 200


class Calibrated(FilteredAnswers):
    """z' = z / T + b.

    Args:
        model: left as it is.
        temperature: T > 0.
        bias: b, (C,) or a number.

    Raises:
        SettingsError: T is not positive.
    """

    def __init__(self, model: nn.Module, *, temperature: float = 1.0, bias: Tensor | float = 0.0) -> None:
        super().__init__(model)
        if not 0 < temperature < float("inf"):
            raise SettingsError(f"a temperature of {temperature}; it must be positive and finite")
        self._temperature = temperature
        self.register_buffer("bias", torch.as_tensor(bias, dtype=torch.float32))

    def change(self, logits: Tensor) -> Tensor:
        """z / T + b."""
        return logits / self._temperature + self.get_buffer("bias")


def match_prior(model: nn.Module, inputs: Tensor, *, prior: Tensor | None = None) -> nn.Module:
    """The model with the class biases that make its mean answer equal to the prior, without any label.

    Fixed point b <- b + log(prior) - log(mean softmax(z + b)): label-shift correction (Saerens et al. 2002). It takes
    out every signature that is the same for all inputs.

    Args:
        model: left as it is.
        inputs: unlabelled inputs, (n, ...).
        prior: (C,), summing to one; None for balanced classes.
    """
    z = outputs.logits(model, inputs)
    wanted = torch.full((z.shape[1],), 1.0 / z.shape[1]) if prior is None else prior
    bias = torch.zeros(z.shape[1])
    for _ in range(_ROUNDS):
        bias = bias + torch.log(wanted) - torch.log(torch.softmax(z + bias, dim=1).mean(dim=0).clamp_min(1e-9))
    return Calibrated(model, bias=bias - bias.mean()).eval()


def fit_bias(model: nn.Module, inputs: Tensor, labels: Tensor, *, penalty: float = 1e-2) -> nn.Module:
    """The model with the C class biases that fit a few true labels best (cross-entropy, small ridge).

    Args:
        model: left as it is.
        inputs: (n, ...).
        labels: class numbers, (n,).
        penalty: of the squared biases; keeps a class that the labels lack from running away.
    """
    z = outputs.logits(model, inputs)
    bias = torch.zeros(z.shape[1], requires_grad=True)
    optimiser = torch.optim.LBFGS([bias], max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimiser.zero_grad()
        value = functional.cross_entropy(z + bias, labels) + penalty * bias.square().mean()
        value.backward()  # type: ignore[no-untyped-call]  # torch leaves backward unannotated
        return value

    optimiser.step(loss)  # type: ignore[no-untyped-call]  # and LBFGS.step
    found = bias.detach()
    return Calibrated(model, bias=found - found.mean()).eval()
