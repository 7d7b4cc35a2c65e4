"""Signing on the student's side, for frameworks in which only the teacher's hidden states travel.

There the logits are computed again beside the student, from the states and a copy of the teacher's last layer; a
wrapper around the teacher is never asked. The signature is linear in the penultimate features, so it folds into that
layer:

    z' = f (W^T + P) + b + q                      W, b: the last layer; P, q: `Signature`

one linear layer, no slower than the plain one, and exact.
"""

import torch
from torch import nn

from distill.errors import ShapeError
from distill.signing import Signature


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
