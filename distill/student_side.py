"""Signing in the last layer: beside the student, or in the teacher itself.

Where only the teacher's hidden states travel, the logits are computed again beside the student, from the states and a
copy of the teacher's last layer; a wrapper around the teacher is never asked. The signature is linear in the
penultimate features, so it folds into that layer:

    z' = f (W^T + P) + b + q                      W, b: the last layer; P, q: `Signature`

one linear layer, no slower than the plain one, and exact. A teacher whose last layer reads the tapped features takes it
as well (`folded_teacher`): then a signed step costs what a plain one costs.
"""

import copy

import torch
from torch import Tensor, nn

from distill.errors import FeaturesNotFound, ShapeError
from distill.signing import Signature, sign
from distill.taps import Features, logits_and_features, submodule

_ROUNDING = 1e-3  # of the signature's size, and of float32's own relative precision times the scores


def signed_head(head: nn.Linear, signature: Signature) -> nn.Linear:
    """The teacher's last layer with a signature folded in; the layer given is left as it is.

    Raises:
        ShapeError: the release's features are not what this layer reads, or its scores are over another set.

    Example:
        >>> signature = Signature(weight=torch.ones(3, 2), bias=torch.zeros(2))
        >>> signed_head(nn.Linear(3, 2), signature)
        Linear(in_features=3, out_features=2, bias=True)
    """
    if tuple(signature.weight.T.shape) != tuple(head.weight.shape):
        raise ShapeError(
            f"a signature of (F, C) {tuple(signature.weight.shape)} for a layer that reads {head.in_features} and gives"
            f" {head.out_features}; tap the features that the last layer reads"
        )
    folded = nn.Linear(head.in_features, head.out_features, dtype=head.weight.dtype, device=head.weight.device)
    with torch.no_grad():
        folded.weight.copy_(head.weight + signature.weight.T.to(head.weight))
        folded.bias.copy_(signature.bias.to(head.weight) + (0 if head.bias is None else head.bias))
    return folded.requires_grad_(requires_grad=False)


@torch.no_grad()
def folded_teacher(
    teacher: nn.Module, *, features: Features, head: str, signature: Signature, example: Tensor
) -> nn.Module:
    """A teacher that answers with signed logits at the cost of plain ones.

    It shares every tensor with the teacher given, which is left as it is, but those of the last layer.

    Args:
        teacher: any module whose output is logits, in evaluation mode.
        features: where its penultimate features are, as for `SignedTeacher`.
        head: name of its last layer, linear.
        signature: of one copy.
        example: a few inputs, (n, ...): what they give is compared with `sign`.

    Raises:
        FeaturesNotFound: no such linear layer, or its output is not the logits, or it reads something else than the
            features; `SignedTeacher` can sign such a teacher.
        ShapeError: the release's features are not what this layer reads, or its scores are over another set.
    """
    last = submodule(teacher, head)
    if not isinstance(last, nn.Linear):
        raise FeaturesNotFound(f"{head!r} is {last}; only a linear layer is folded, sign with `SignedTeacher`")
    shared = {id(tensor): tensor for tensor in (*teacher.parameters(), *teacher.buffers())}
    folded = copy.deepcopy(teacher, dict(shared))
    parent, _, name = head.rpartition(".")
    setattr(folded.get_submodule(parent), name, signed_head(last, signature).train(mode=last.training))
    logits, tapped = logits_and_features(teacher, example, features)
    expected = sign(logits, tapped, signature)
    allowed = _ROUNDING * float((expected - logits).square().mean().sqrt()) + 1e-5 * float(logits.abs().max())
    if float((folded(example) - expected).abs().max()) > allowed:
        raise FeaturesNotFound(f"{head!r} does not give the logits from {features!r} alone; sign with `SignedTeacher`")
    return folded
