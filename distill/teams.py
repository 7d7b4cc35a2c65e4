"""Who trains: one process alone. Several processes together are in `distill.together`.

Whoever trains sees the scores of the WHOLE batch, so that objectives which look across rows mean the same everywhere.
"""

from typing import Protocol

from torch import Tensor, nn


class Team(Protocol):
    """The processes that train one model.

    Attributes:
        first: whether this process writes files and shows progress.
    """

    first: bool

    def share(self, model: nn.Module) -> nn.Module:
        """What is called in training: the model, or a wrapper around it."""
        ...

    def scores(self, model: nn.Module, rows: Tensor) -> Tensor:
        """Scores of all rows of a batch, with gradient through this process's part."""
        ...

    def backward(self, loss: Tensor) -> None:
        """Gradients of the whole batch's loss, in every process."""
        ...

    def whole(self, tensor: Tensor) -> Tensor:
        """A parameter or a state of the optimiser, all of it; called by every process alike."""
        ...

    def part(self, whole: Tensor, like: Tensor) -> Tensor:
        """This process's part of it, laid out like the parameter `like`."""
        ...


class Alone:
    """One process."""

    first: bool = True

    def share(self, model: nn.Module) -> nn.Module:
        """The model."""
        return model

    def scores(self, model: nn.Module, rows: Tensor) -> Tensor:
        """The model's."""
        scores: Tensor = model(rows)
        return scores

    def backward(self, loss: Tensor) -> None:
        """Plain."""
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves backward unannotated

    def whole(self, tensor: Tensor) -> Tensor:
        """Itself."""
        return tensor

    def part(self, whole: Tensor, like: Tensor) -> Tensor:
        """Itself, on the parameter's processor."""
        return whole.to(like.device)


ALONE = Alone()
