"""A decision tree as a student: grown on a teacher's scores or on its labels, and from then on a module like any other.

    z(x) = V^T e_leaf(x)        e_leaf(x) in {0, 1}^M, one of M leaves;  V in R^{M x C}, the leaves' scores

so a tree is its leaves' indicator (`body`) and a linear last layer without bias (`head`). Hence what is true of last
layers is true of trees: which directions of a teacher's features a tree can express is found by regressing them on the
leaves' indicator (`fit_shared_whitening`), and a copy is minted by editing V. A signature that differs inside a leaf is
averaged away: a tree carries what is visible at its leaves and nothing else.

Trees distilled from networks: Breiman and Shang 1996, "Born again trees"; of labels alone, arXiv 2602.23467.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from torch import Tensor, nn
from torch.nn import functional

from distill.errors import SettingsError, ShapeError
from fingerprint import seeds

_MISSING = 0.5  # of a sample: what a class that a leaf never saw counts as, so that its logarithm is finite


class Leaves(nn.Module):
    """x -> e_leaf(x), (n, M): which leaf an input comes to. Splits are x_f <= threshold, as in scikit-learn."""

    feature: Tensor
    threshold: Tensor
    after: Tensor
    number: Tensor

    def __init__(self, splits: Any) -> None:
        super().__init__()
        left, right = (np.asarray(side) for side in (splits.children_left, splits.children_right))
        inner = left >= 0
        self.count, self.depth = int((~inner).sum()), int(splits.max_depth)
        here = np.arange(len(left))  # a leaf leads to itself
        children = np.stack([np.where(inner, left, here), np.where(inner, right, here)])
        number = np.where(inner, -1, np.cumsum(~inner) - 1)
        self.register_buffer("feature", torch.as_tensor(np.where(inner, np.asarray(splits.feature), 0)))
        self.register_buffer("threshold", torch.as_tensor(np.asarray(splits.threshold)))
        self.register_buffer("after", torch.as_tensor(children))
        self.register_buffer("number", torch.as_tensor(number))

    def forward(self, inputs: Tensor) -> Tensor:
        """One-hot rows, float32 (n, M)."""
        node = torch.zeros(len(inputs), dtype=torch.long)
        for _ in range(self.depth):
            value = inputs.gather(1, self.feature[node][:, None])[:, 0]
            node = self.after[(value > self.threshold[node]).long(), node]
        return functional.one_hot(self.number[node], self.count).to(torch.float32)


class Tree(nn.Module):
    """Inputs (n, F) float32 -> scores (n, C); `body` are its leaves, `head` their scores.

    Args:
        splits: a fitted scikit-learn tree's `tree_`.
        scores: of its leaves, in the order of their nodes, (M, C).
    """

    def __init__(self, splits: Any, scores: NDArray[np.float64]) -> None:
        super().__init__()
        self.body = Leaves(splits)
        self.head = nn.Linear(len(scores), scores.shape[1], bias=False)
        with torch.no_grad():
            self.head.weight.copy_(torch.as_tensor(scores.T))

    def forward(self, inputs: Tensor) -> Tensor:
        """Scores, (n, C)."""
        found: Tensor = self.head(self.body(inputs))
        return found


def soft_tree(inputs: Tensor, scores: Tensor, *, depth: int, least: int = 1, seed: tuple[seeds.Word, ...]) -> Tree:
    """A regression tree on scores: squared error over all C at once, and every leaf answers with its mean.

    Args:
        inputs: (n, F) float32.
        scores: of the teacher, signed or not, (n, C).
        depth: at most, 1 or more.
        least: samples in a leaf, 1 or more.
        seed: words that name it; they break ties between splits.

    Raises:
        ShapeError: inputs and scores that do not match.
        SettingsError: a depth or a least size below 1.

    Example:
        >>> x = torch.tensor([[0.0], [1.0], [2.0], [3.0]])
        >>> soft_tree(x, torch.tensor([[0.0, 1], [0, 1], [1, 0], [3, 0]]), depth=1, seed=("x",))(x)[:, 0].tolist()
        [0.0, 0.0, 2.0, 2.0]
    """
    _check(inputs, scores, 2, depth, least)
    grown = DecisionTreeRegressor(max_depth=depth, min_samples_leaf=least, random_state=_state(seed))
    splits = grown.fit(inputs.numpy(), scores.numpy().astype(np.float64)).tree_
    return Tree(splits, splits.value[splits.children_left < 0, :, 0])


def hard_tree(
    inputs: Tensor, labels: Tensor, classes: int, *, depth: int, least: int = 1, seed: tuple[seeds.Word, ...]
) -> Tree:
    """A classification tree on class numbers (Gini impurity); a leaf answers with the logarithm of its shares.

    Args:
        inputs: (n, F) float32.
        labels: class numbers, int64 (n,).
        classes: C.
        depth: at most, 1 or more.
        least: samples in a leaf, 1 or more.
        seed: words that name it; they break ties between splits.

    Raises:
        ShapeError: inputs and labels that do not match.
        SettingsError: a depth or a least size below 1.
    """
    _check(inputs, labels, 1, depth, least)
    grown = DecisionTreeClassifier(max_depth=depth, min_samples_leaf=least, random_state=_state(seed))
    splits = grown.fit(inputs.numpy(), labels.numpy()).tree_
    leaf = splits.children_left < 0
    counts = np.zeros((int(leaf.sum()), classes))
    counts[:, grown.classes_] = splits.value[leaf, 0] * splits.weighted_n_node_samples[leaf][:, None]
    return Tree(splits, np.log((counts + _MISSING) / (counts + _MISSING).sum(axis=1, keepdims=True)))


def _state(seed: tuple[seeds.Word, ...]) -> int:
    return seeds.number("distill/trees", *seed) % 2**32


def _check(inputs: Tensor, targets: Tensor, dimensions: int, depth: int, least: int) -> None:
    if inputs.dim() != 2 or targets.dim() != dimensions or len(inputs) != len(targets) or not len(inputs):
        raise ShapeError(f"inputs {tuple(inputs.shape)} and targets {tuple(targets.shape)}; need (n, F) and n rows")
    if depth < 1 or least < 1:
        raise SettingsError(f"depth {depth} and {least} samples in a leaf; both must be 1 or more")
