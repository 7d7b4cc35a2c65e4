"""Fashion-MNIST with captions: the class and one of four brightnesses, ten times four texts, each as often."""

from collections import OrderedDict
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from benchmarks.objectives.data import Images
from distill.towers import TwoTowers

LIGHTS, CLASSES, WIDTH = 4, 10, 32
CAPTIONS = CLASSES * LIGHTS


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Images (n, 196) and the number of each one's caption, (n,): class times four, plus brightness."""

    images: Tensor
    captions: Tensor

    def batches(self, order: torch.Generator) -> list[Tensor]:
        """One pass in batches of one image of every caption: pairs without false negatives."""
        rows = [(self.captions == c).nonzero().flatten() for c in range(CAPTIONS)]
        shuffled = [row[torch.randperm(len(row), generator=order)] for row in rows]
        return [torch.stack([row[b] for row in shuffled]) for b in range(min(map(len, rows)))]


def pairs(images: Images) -> Pairs:
    """The transfer set with captions: brightness is the quarter of its class that an image's mean falls in."""
    captions = torch.empty_like(images.labels)
    for label in range(CLASSES):
        rows = (images.labels == label).nonzero().flatten()
        rank = images.transfer[rows].mean(dim=1).argsort().argsort()
        captions[rows] = label * LIGHTS + rank * LIGHTS // len(rows)
    return Pairs(images=images.transfer, captions=captions)


def towers(width: int) -> nn.Module:
    """An image tower of this width and a text tower that reads a caption as its two words."""
    image = nn.Sequential(
        OrderedDict(
            body=nn.Sequential(nn.Linear(196, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU()),
            head=nn.Linear(width, WIDTH),
        )
    )
    words = torch.tensor([[c // LIGHTS, CLASSES + c % LIGHTS] for c in range(CAPTIONS)])
    text = nn.Sequential(nn.EmbeddingBag(CLASSES + LIGHTS, 32), nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, WIDTH))
    return TwoTowers(image=image, text=text, texts=words)


def zero_shot(scores: Tensor, labels: Tensor) -> float:
    """Share of images whose class has the largest sum of probabilities over its captions."""
    by_class = scores.softmax(dim=1).unflatten(1, (CLASSES, LIGHTS)).sum(dim=2)
    return float((by_class.argmax(dim=1) == labels).double().mean())
