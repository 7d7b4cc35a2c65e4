"""Where a model's penultimate features are: the name of a module, or a callable."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from distill.errors import FeaturesNotFound

Features = str | Callable[[Tensor], Tensor]


def submodule(model: nn.Module, name: str) -> nn.Module:
    """The module of that dotted name.

    Raises:
        FeaturesNotFound: with the names that there are.

    Example:
        >>> submodule(nn.Sequential(nn.Linear(2, 3), nn.ReLU()), "1")
        ReLU()
    """
    try:
        if name:
            return model.get_submodule(name)  # by its path: to list all names would cost more than a signature
    except AttributeError:
        pass
    known = ", ".join(sorted(key for key, _ in model.named_modules() if key)) or "none"
    raise FeaturesNotFound(f"no module is called {name!r}; this model has: {known}")


class _Captured:
    """What a module reads or gives while this is entered. A class, for it is made in every step of a distillation."""

    __slots__ = ("_handle", "_module", "_of_input", "_seen")

    def __init__(self, module: nn.Module, *, of_input: bool) -> None:
        self._module, self._of_input = module, of_input
        self._seen: list[Tensor] = []

    def __enter__(self) -> list[Tensor]:
        self._handle = self._module.register_forward_hook(self._hook)
        return self._seen

    def __exit__(self, *_: object) -> None:
        self._handle.remove()

    def _hook(self, _module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        self._seen.append(inputs[0] if self._of_input else output)


def logits_and_features(model: nn.Module, inputs: Tensor, features: Features) -> tuple[Tensor, Tensor]:
    """One forward pass: logits (n, C) and penultimate features (n, F), flattened.

    Args:
        model: any module whose output is logits.
        inputs: (n, ...).
        features: name of the module whose OUTPUT is the features, or a callable inputs -> features.

    Raises:
        FeaturesNotFound: no such module, or the forward pass never reached it.
    """
    if callable(features):
        return model(inputs), features(inputs).flatten(1)
    with _Captured(submodule(model, features), of_input=False) as seen:
        logits = model(inputs)
    return logits, _one(seen, features)


@contextmanager
def tapped(model: nn.Module, features: Features) -> Iterator[Callable[[Tensor], tuple[Tensor, Tensor]]]:
    """`logits_and_features` for many batches, with one hook for all of them: a compiled model is compiled once.

    Raises:
        FeaturesNotFound: no such module; when called, that the forward pass never reached it.
    """
    if callable(features):
        yield lambda inputs: logits_and_features(model, inputs, features)
        return
    with _Captured(submodule(model, features), of_input=False) as seen:

        def read(inputs: Tensor) -> tuple[Tensor, Tensor]:
            seen.clear()
            logits = model(inputs)
            return logits, _one(seen, features)

        yield read


def head_inputs(model: nn.Module, inputs: Tensor, head: str) -> Tensor:
    """What the last layer reads, (n, F'): the INPUT of the module called `head`.

    Raises:
        FeaturesNotFound: no such module, or the forward pass never reached it.
    """
    with _Captured(submodule(model, head), of_input=True) as seen:
        model(inputs)
    return _one(seen, head)


def _one(seen: list[Tensor], name: str) -> Tensor:
    if not seen or not isinstance(seen[-1], torch.Tensor):
        raise FeaturesNotFound(
            f"the forward pass gave no tensor at {name!r}; name a module that the model really calls"
        )
    return seen[-1].flatten(1)
