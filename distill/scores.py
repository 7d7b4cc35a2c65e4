"""Scores over a finite set given a context: the one shape in which every kind of model is signed, packed and verified.

| model | context | finite set | scores |
|---|---|---|---|
| classifier | input | classes | logits |
| ranker of whole lists | query | positions of the list | scores |
| scorer of single pairs | query and document | relevant, not relevant | `two_way` of its score |
| two towers | image | texts | scaled similarities |
| policy | state | actions | logits |
| federation | input of the proxy set | classes | aggregated logits |

A row needs no more than its context (to key the schemes that read inputs), its scores (n, C) and the features that the
signature is a map of (n, F). `SigningKit.shift` takes exactly these three, and a suspect answers the second alone.
"""

from dataclasses import dataclass, replace

import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from distill import outputs
from distill.errors import ShapeError
from distill.taps import Features
from fingerprint.kit import SigningKit


@dataclass(frozen=True, kw_only=True)
class Scores:
    """What a teacher says of a transfer set. Stored or fresh, signed or not, it is the same value.

    Attributes:
        contexts: (n, ...).
        values: scores over the set, (n, C), C >= 2.
        features: what the signature is a map of, (n, F).

    Raises:
        ShapeError: rows that do not match, fewer than two members, or none.
    """

    contexts: Tensor
    values: Tensor
    features: Tensor

    def __post_init__(self) -> None:
        rows = {len(self.contexts), len(self.values), len(self.features)}
        if self.values.dim() != 2 or self.features.dim() != 2 or len(rows) > 1 or 0 in rows or self.size < 2:
            shapes = [tuple(part.shape) for part in (self.contexts, self.values, self.features)]
            raise ShapeError(f"contexts, scores, features of shapes {shapes}; need (n, ...), (n, C >= 2), (n, F)")

    @property
    def size(self) -> int:
        """C, members of the set."""
        return int(self.values.shape[1])

    @classmethod
    def of(cls, model: nn.Module, contexts: Tensor, features: Features) -> "Scores":
        """What this model says of these contexts, in evaluation mode.

        Raises:
            FeaturesNotFound: no such module, or the forward pass never reached it.
        """
        values, tapped = outputs.with_features(model, contexts, features)
        return cls(contexts=contexts, values=values, features=tapped)

    def signed(self, kit: SigningKit, codeword: ArrayLike) -> "Scores":
        """The scores with one device's signature mixed in, under any scheme.

        Raises:
            fingerprint.errors.ParameterError: not a codeword of this release.
            ShapeError: scores over a set of another size than the release's.
        """
        if self.size != kit.classes:
            raise ShapeError(f"scores over {self.size} for a release over {kit.classes}")
        shift = kit.shift(
            codeword, inputs=self.contexts.numpy(), logits=self.values.numpy(), features=self.features.numpy()
        )
        return replace(self, values=self.values + torch.as_tensor(shift, dtype=self.values.dtype))


def two_way(score: Tensor) -> Tensor:
    """The score s of a pair as scores over {relevant, not relevant}: (s/2, -s/2), (n, 2); sigmoid(s) is the softmax.

    Example:
        >>> two_way(torch.tensor([3.0])).tolist()
        [[1.5, -1.5]]
    """
    return torch.stack([score / 2, -score / 2], dim=-1)


def one_way(values: Tensor) -> Tensor:
    """The score of a pair back from scores over {relevant, not relevant}, (n,)."""
    return values[..., 0] - values[..., 1]
