"""One row per optimiser of the training loop.

| name | update | constants |
|---|---|---|
| `adam` | Adam (Kingma, Ba 2015, arXiv 1412.6980) | PyTorch's |
| `adamw` | Adam with decoupled weight decay (Loshchilov, Hutter 2019, arXiv 1711.05101) | weight decay 0.01 |
| `sgd` | gradient descent with momentum | momentum 0.9 |
"""

from collections.abc import Callable, Iterable

from torch import nn, optim

Optimiser = Callable[[Iterable[nn.Parameter], float], optim.Optimizer]


def _adam(parameters: Iterable[nn.Parameter], rate: float) -> optim.Optimizer:
    return optim.Adam(parameters, lr=rate)


def _adamw(parameters: Iterable[nn.Parameter], rate: float) -> optim.Optimizer:
    return optim.AdamW(parameters, lr=rate)


def _sgd(parameters: Iterable[nn.Parameter], rate: float) -> optim.Optimizer:
    return optim.SGD(parameters, lr=rate, momentum=0.9)


CATALOGUE: dict[str, Optimiser] = {"adam": _adam, "adamw": _adamw, "sgd": _sgd}
