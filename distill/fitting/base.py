"""What a scheme may be fitted on before a release is committed, and what comes of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from fingerprint import seeds
from fingerprint.kit import SigningKit


@dataclass(frozen=True, kw_only=True)
class Ground:
    """Everything a scheme may look at. There is no enrolled codeword in it: none exists yet.

    Attributes:
        transfer: inputs of the distillation, (n, ...).
        teacher_logits: unsigned, (n, C).
        teacher_features: (n, F).
        probes: inputs of the verifier pack, (m, ...).
        clean: unsigned students.
        kit: strength, sigma, whitening and settings of the release to be; its release id is not known yet.
        distil: inputs, target logits and seed words -> a trained student.
        shadows: how many shadow students a scheme may train.
        seed: words that name this release.
    """

    transfer: Tensor
    teacher_logits: Tensor
    teacher_features: Tensor
    probes: Tensor
    clean: tuple[nn.Module, ...]
    kit: SigningKit
    distil: Callable[[Tensor, tuple[seeds.Word, ...]], nn.Module]
    shadows: int
    seed: tuple[seeds.Word, ...]


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """The scheme's part of a verifier pack.

    Attributes:
        settings: constants, plain JSON values.
        tensors: float32 arrays by name.
    """

    settings: Mapping[str, Any] = field(default_factory=dict)
    tensors: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)


Fit = Callable[[Ground], Fitted]
