"""What a planned release is made of, and which of the probes a smaller number takes."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from distill.errors import SettingsError, ShapeError
from distill.release import Recipe
from distill.taps import Features
from distill.transforms import Means
from fingerprint import schemes


def thin(count: int, wanted: int) -> NDArray[np.int64]:
    """`wanted` of `count` places, evenly spread, so that whatever the probes are made of stays in proportion.

    Example:
        >>> thin(9, 3).tolist()
        [0, 4, 8]
    """
    if not 1 <= wanted <= count:
        raise SettingsError(f"{wanted} probes asked of {count}")
    return np.linspace(0, count - 1, wanted).round().astype(np.int64)


@dataclass(frozen=True, kw_only=True)
class Materials:
    """What a release will be made of.

    Attributes:
        teacher, features, student, head, transfer, probes: as for `distill.release.prepare_release`.
        held_out: inputs for the accuracy cost, in no training, (m, ...), two or more.
        held_out_labels: their class numbers, int64 (m,).
        thief: what the attacker is assumed to have.
        recipe: everything but strength and components; clean students, trainings.

    Raises:
        ShapeError: labels that do not match the held-out inputs, or fewer than two.
        SettingsError: a scheme whose score has no bound by the codeword's length.
    """

    teacher: nn.Module
    features: Features
    student: Callable[[], nn.Module]
    head: str
    transfer: Tensor
    probes: Tensor
    held_out: Tensor
    held_out_labels: Tensor
    thief: Means
    recipe: Recipe

    def __post_init__(self) -> None:
        if len(self.held_out) != len(self.held_out_labels) or len(self.held_out) < 2:
            raise ShapeError(f"{len(self.held_out)} held-out inputs, {len(self.held_out_labels)} labels; two or more")
        if self.recipe.scheme != schemes.DEFAULT:
            raise SettingsError(f"only {schemes.DEFAULT!r} can be planned, not {self.recipe.scheme!r}")
