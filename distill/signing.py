"""Mixing a signature into a teacher's logits: as a function and as a teacher wrapper.

    z'_d(x) = z(x) + eps sigma_z M_d h(x) / sqrt(k),   h(x) = (f(x) - mu) W

one affine map of the features: z' = z + f P + q with P = W S_d^T, q = -mu P, S_d = eps sigma_z M_d / sqrt(k).
So a signed step costs a hook and one small matrix product more than a plain one; nothing more where it can be folded
into the last layer (`distill.student_side`). Both ways in are needed: some frameworks call the teacher module, others
only hand over its logits. The sum is taken in float32 at least: bfloat16 would round half a weak signature away.
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
        rows = kit.signature_map(codeword) @ kit.whitening.projection.T  # of the classes: the faster layout
        bias = -(rows @ kit.whitening.mean)
        return cls(weight=torch.as_tensor(rows, dtype=dtype).T, bias=torch.as_tensor(bias, dtype=dtype))


def sign(logits: Tensor, features: Tensor, signature: Signature) -> Tensor:
    """z' = z + f P + q, the signed logits, of the shape of `logits`, in its dtype or in float32 if that is narrower.

    Args:
        logits: z, (n, C).
        features: the teacher's penultimate features f, (n, F).
        signature: of one copy.

    Raises:
        ShapeError: logits or features of another width than the release's.
    """
    return _signed(logits, features, signature.weight, signature.bias)


def _signed(logits: Tensor, features: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    width, classes = weight.shape
    if features.shape[-1] != width or logits.shape[-1] != classes:
        raise ShapeError(
            f"logits {tuple(logits.shape)}, features {tuple(features.shape)}; expected (n, {classes}), (n, {width})"
        )
    if torch.is_autocast_enabled(logits.device.type):
        with torch.autocast(logits.device.type, enabled=False):
            return _signed(logits, features, weight, bias)
    same = logits.dtype is features.dtype is weight.dtype is bias.dtype is torch.float32
    if not (same and logits.device == weight.device):
        logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
        features, weight, bias = features.to(logits), weight.to(logits), bias.to(logits)
    return logits + torch.addmm(bias, features, weight)


class SignedTeacher(nn.Module):
    """A teacher that answers with signed logits. The teacher inside is left as it is.

    Args:
        teacher: any module whose output is logits.
        features: where its penultimate features are: module name, or callable inputs -> features.
        signature: of one copy.
    """

    _weight: Tensor
    _bias: Tensor

    def __init__(self, teacher: nn.Module, *, features: Features, signature: Signature) -> None:
        super().__init__()
        self.teacher = teacher
        self._features = features
        self.register_buffer("_weight", signature.weight, persistent=False)  # so that it moves with the module
        self.register_buffer("_bias", signature.bias, persistent=False)

    def forward(self, inputs: Tensor) -> Tensor:
        """Signed logits, (n, C)."""
        logits, features = logits_and_features(self.teacher, inputs, self._features)
        return _signed(logits, features, self._weight, self._bias)
