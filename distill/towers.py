"""Two towers: scores of an input over a fixed set of texts are scaled cosines (CLIP, arXiv 2103.00020).

    s_ic = exp(min(a, log 100)) <u_i / |u_i|, v_c / |v_c|>       u_i of the image tower, v_c of the text tower

The scale is clamped as CLIP's authors clamp it. An objective that repels (`distill.objectives.SelectiveRepulsive`)
needs that: it has no lower bound as the scale grows.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

LARGEST_SCALE = 100.0


class TwoTowers(nn.Module):
    """A model over a finite set of texts, inputs (n, ...) -> scores (n, C).

    Args:
        image: inputs -> (n, E).
        text: texts -> (C, E).
        texts: what the text tower reads of the C texts, kept in a buffer.
        scale: to begin with, in 0..100; learned.

    Example:
        >>> towers = TwoTowers(image=nn.Identity(), text=nn.Identity(), texts=torch.eye(2), scale=10.0)
        >>> [[round(s, 4) for s in row] for row in towers(torch.tensor([[3.0, 0.0]])).tolist()]
        [[10.0, 0.0]]
    """

    texts: Tensor

    def __init__(self, *, image: nn.Module, text: nn.Module, texts: Tensor, scale: float = 1 / 0.07) -> None:
        super().__init__()
        self.image = image
        self.text = text
        self.register_buffer("texts", texts)
        self.log_scale = nn.Parameter(torch.tensor(math.log(scale)))

    def forward(self, inputs: Tensor) -> Tensor:
        """Scaled similarities to every text, within -100..100."""
        images, texts = (functional.normalize(part, dim=1) for part in (self.image(inputs), self.text(self.texts)))
        return self.log_scale.clamp(max=math.log(LARGEST_SCALE)).exp() * images @ texts.T
