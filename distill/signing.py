"""Mixing a signature into a teacher's logits: as a function and as a teacher wrapper.

    z'_d(x) = z(x) + eps sigma_z M_d h(x) / sqrt(k),   h(x) = (f(x) - mu) W

one affine map of the features: z' = z + f P + q with P = W S_d^T, q = -mu P, S_d = eps sigma_z M_d / sqrt(k).
So a signed step costs one small matrix product more than a plain one. Both ways in are needed: some frameworks call
the teacher module, others only hand over its logits.
"""

from dataclasses import dataclass

import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from distill.errors import ShapeError
from distill.taps import Features, logits_and_features
from fingerprint.kit import SigningKit


@dataclass(frozen=True, kw_only=True)
class Signature:
    """The signature of one copy as an affine map of the teacher's features.

    Attributes:
        weight: P, (F, C).
        bias: q, (C,).
    """

    weight: Tensor
    bias: Tensor

    @classmethod
    def of(cls, kit: SigningKit, codeword: ArrayLike, *, dtype: torch.dtype = torch.float32) -> "Signature":
        """The signature of this codeword under this release.

        Raises:
            fingerprint.errors.ParameterError: not a codeword of this release.
        """
        weight = kit.whitening.projection @ kit.signature_map(codeword).T
        bias = -kit.whitening.mean @ weight
        return cls(weight=torch.as_tensor(weight, dtype=dtype), bias=torch.as_tensor(bias, dtype=dtype))


def sign(logits: Tensor, features: Tensor, signature: Signature) -> Tensor:
    """z' = z + f P + q, the signed logits, of the shape of `logits`.

    Args:
        logits: z, (n, C).
        features: the teacher's penultimate features f, (n, F).
        signature: of one copy.

    Raises:
        ShapeError: logits or features of another width than the release's.
    """
    width, classes = signature.weight.shape
    if features.shape[-1] != width or logits.shape[-1] != classes:
        raise ShapeError(
            f"logits {tuple(logits.shape)}, features {tuple(features.shape)}; expected (n, {classes}), (n, {width})"
        )
    weight = signature.weight.to(logits)
    return logits + torch.addmm(signature.bias.to(logits), features.to(logits), weight)


class SignedTeacher(nn.Module):
    """A teacher that answers with signed logits. The teacher inside is left as it is.

    Args:
        teacher: any module whose output is logits.
        features: where its penultimate features are: module name, or callable inputs -> features.
        signature: of one copy.
    """

    def __init__(self, teacher: nn.Module, *, features: Features, signature: Signature) -> None:
        super().__init__()
        self.teacher = teacher
        self._features = features
        self._signature = signature

    def forward(self, inputs: Tensor) -> Tensor:
        """Signed logits, (n, C)."""
        logits, features = logits_and_features(self.teacher, inputs, self._features)
        return sign(logits, features, self._signature)
