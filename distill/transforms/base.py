"""What a thief starts from, and the shape that every attack has: copies and means in, one model out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor, nn

from distill.errors import SettingsError, ShapeError
from distill.loop import Settings
from fingerprint import seeds

OBSERVATIONS = ("logits", "logprobs", "probs", "top3", "labels")  # the forms in which a suspect may answer


@dataclass(frozen=True, kw_only=True)
class Means:
    """What a thief has besides the stolen copies. Nothing of the release: no key, no teacher, no probes.

    Attributes:
        inputs: unlabelled inputs of his own, (n, ...).
        labelled: inputs whose true labels he has, (m, ...).
        labels: class numbers, int64 (m,).
        same: makes an untrained network of the copies' architecture.
        other: makes an untrained network of another architecture.
        head: name of the copies' last layer, an `nn.Linear` with bias.
        training: for whatever he trains from nothing.
        seed: words that name him.

    Raises:
        ShapeError: labels that do not match the labelled inputs.
    """

    inputs: Tensor
    labelled: Tensor
    labels: Tensor
    same: Callable[[], nn.Module]
    other: Callable[[], nn.Module]
    head: str
    training: Settings
    seed: tuple[seeds.Word, ...]

    def __post_init__(self) -> None:
        if len(self.labelled) != len(self.labels) or self.labels.ndim != 1:
            raise ShapeError(f"{len(self.labelled)} labelled inputs and labels of shape {tuple(self.labels.shape)}")

    def first_labels(self, count: int) -> tuple[Tensor, Tensor]:
        """The first `count` labelled inputs and their labels.

        Raises:
            SettingsError: he has fewer.
        """
        if not 1 <= count <= len(self.labels):
            raise SettingsError(f"an attack with {count} labels; this thief has {len(self.labels)}")
        return self.labelled[:count], self.labels[:count]


class Transform(Protocol):
    """An attack or a compression. It leaves the copies as they are and is the same for the same means."""

    def __call__(self, copies: tuple[nn.Module, ...], means: Means, /) -> nn.Module:
        """The suspect: inputs -> logits, in evaluation mode."""
        ...


@dataclass(frozen=True, kw_only=True)
class Attack:
    """One row of the catalogue.

    Attributes:
        name: what the survival table calls it.
        what: one sentence.
        run: the transform.
        copies: how many copies it needs.
        labels: how many true labels it uses; 0 for none.
        observations: in which of the forms of `OBSERVATIONS` such a suspect answers at all.
    """

    name: str
    what: str
    run: Transform
    copies: int = 1
    labels: int = 0
    observations: tuple[str, ...] = OBSERVATIONS
